import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, fromBinary, fromJson, toBinary, toJson } from '@bufbuild/protobuf';
import {
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from '@bufbuild/protobuf/wkt';
import { expect, onTestFinished, test } from 'vitest';
import { descriptors } from '../../proto/gen/descriptors.ts';
import { linkFiles } from './descriptors.ts';
import { readProtoFile } from './proto-file.ts';

async function folderWith(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'micro-call-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await Promise.all(Object.entries(files).map(([name, text]) => writeFile(join(folder, name), text)));
  return folder;
}

test('a name means the innermost type that has it, and never the entry of a map', async () => {
  const folder = await folderWith({
    'a.proto': `syntax = "proto3"; package acme.a; import "b.proto";
      message Kind { string outer = 1; }
      message Labels { string text = 1; }
      message Order {
        message Kind { int64 inner_number = 1; }
        Kind own = 1; b.Kind other = 2; map<string, Kind> by_name = 3;
        map<string, Labels> labels = 4; Labels all_labels = 5;
      }
      service Orders { rpc Put(Order) returns (Order); }`,
    'b.proto': 'syntax = "proto3"; package acme.b; enum Kind { KIND_UNSPECIFIED = 0; KIND_GOOD = 1; }',
  });
  const { services, describe } = await readProtoFile(join(folder, 'a.proto'), []);
  expect(services).toEqual(['acme.a.Orders']);
  const types = await describe('acme.a.Orders');
  const [put] = types.getService('acme.a.Orders')?.methods ?? [];
  if (!put) throw new Error('no method');
  const json = {
    own: { innerNumber: '9007199254740993' },
    other: 'KIND_GOOD',
    byName: { a: { innerNumber: '1' } },
    labels: { a: { text: 'b' } },
    allLabels: { text: 'c' },
  };
  expect(toJson(put.input, fromJson(put.input, json))).toEqual(json);
});

test('files are linked in whatever order they come, by the names that they write in full too', () => {
  const type = FieldDescriptorProto_Type.MESSAGE;
  const label = FieldDescriptorProto_Label.OPTIONAL;
  const file = (name: string, message: string, typeName: string) =>
    toBinary(
      FileDescriptorProtoSchema,
      create(FileDescriptorProtoSchema, {
        name,
        syntax: 'proto3',
        messageType: [{ name: message, field: [{ name: 'it', number: 1, type, label, typeName }] }],
      }),
    );
  const files = [file('1.proto', 'One', '.Two'), file('2.proto', 'Two', '.Three'), file('3.proto', 'Three', '.Three')];
  for (const order of [files, files.toReversed()]) {
    expect(
      linkFiles(order)
        .getMessage('One')
        ?.fields.map(({ message }) => message?.typeName),
    ).toEqual(['Two']);
  }
});

test('what a compiler of .proto files makes stays as it is', () => {
  const { file } = fromBinary(FileDescriptorSetSchema, Buffer.from(descriptors, 'base64'));
  const linked = linkFiles(file.map((one) => toBinary(FileDescriptorProtoSchema, one)));
  for (const one of file) expect(linked.getFile(one.name)?.proto).toEqual(one);
});

test('what cannot be resolved is named', () => {
  const broken = create(FileDescriptorProtoSchema, {
    name: 'a.proto',
    syntax: 'proto3',
    service: [{ name: 'S', method: [{ name: 'M', inputType: 'Nowhere', outputType: 'Nowhere' }] }],
  });
  expect(() => linkFiles([toBinary(FileDescriptorProtoSchema, broken)])).toThrow(
    'a.proto refers to Nowhere, which none of its files has',
  );
});

test('a .proto file that is wrong is named, with where', async () => {
  const folder = await folderWith({ 'a.proto': 'syntax = "proto3";\nmessage M {\n  strin g name;\n}\n' });
  await expect(readProtoFile(join(folder, 'a.proto'), [])).rejects.toThrow(/a\.proto cannot be used: .*line 3/);
});
