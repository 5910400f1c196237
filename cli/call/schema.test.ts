import { create, createFileRegistry } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { expect, test } from 'vitest';
import { findMethod, type Schema } from './schema.ts';

const method = { name: 'Get', inputType: '.Nothing', outputType: '.Nothing' };
const registry = createFileRegistry(
  create(FileDescriptorSetSchema, {
    file: [
      { name: '0.proto', messageType: [{ name: 'Nothing' }] },
      ...['', 'acme.a', 'acme.b'].map((name) => ({
        name: `${name}.proto`,
        package: name,
        dependency: ['0.proto'],
        service: [
          { name: 'Users', method: [method] },
          ...(name === 'acme.a' ? [{ name: 'Logs', method: [method] }] : []),
        ],
      })),
    ],
  }),
);
const schema = (...services: string[]): Schema => ({ services, describe: () => Promise.resolve(registry) });
const found = async (from: Schema, endpoint: string) =>
  (await findMethod(from, endpoint, 'users')).method.parent.typeName;

test.each([
  ['Logs.Get', 'acme.a.Logs'],
  ['a.Logs.Get', 'acme.a.Logs'],
  ['acme.a.Logs.Get', 'acme.a.Logs'],
  ['acme.b.Users/Get', 'acme.b.Users'],
  ['/acme.b.Users/Get', 'acme.b.Users'],
])('%s is a method of %s', async (endpoint, service) => {
  expect(await found(schema('acme.a.Users', 'acme.b.Users', 'acme.a.Logs'), endpoint)).toBe(service);
});

test('a full name is meant as it is, whatever ends like it', async () => {
  expect(await found(schema('acme.a.Users', 'Users'), 'Users.Get')).toBe('Users');
});

test('of methods with one name, all are told in full', async () => {
  await expect(found(schema('acme.a.Users', 'acme.b.Users'), 'Users.Get')).rejects.toThrow(
    '"Users.Get" may be a method of 2 services: write acme.a.Users/Get or acme.b.Users/Get',
  );
});

test.each(['Users', '', 'Users.', '.Get', 'a b.Get', 'Users/Get/More'])('"%s" is no endpoint', async (endpoint) => {
  await expect(found(schema('Users'), endpoint)).rejects.toThrow('write Service.Method or package.Service/Method');
});
