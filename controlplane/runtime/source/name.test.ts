import { describe, expect, test } from 'vitest';
import { compilePrefixes } from '../../routes/compile.ts';
import { resolveName, serviceName, servicePath } from './name.ts';

const namespaces = compilePrefixes('go.micro');
const name = (folder: string, declared?: string, given?: string): string =>
  serviceName({ folder, declared, given, namespaces });

describe('the name of a service', () => {
  test.each([
    ['/src/greeter', undefined, undefined, 'go.micro.service.greeter'],
    ['/src/greeter', 'hello', undefined, 'go.micro.service.hello'],
    ['/src/greeter', 'hello', 'hi', 'go.micro.service.hi'],
    ['/src/helloworld/web', undefined, undefined, 'go.micro.web.helloworld'],
    ['/src/helloworld/api', undefined, undefined, 'go.micro.api.helloworld'],
    ['/src/helloworld/web', 'web', undefined, 'go.micro.web.helloworld'],
    ['/src/helloworld/web', 'blog', undefined, 'go.micro.web.blog'],
    ['/src/helloworld/web', undefined, 'blog', 'go.micro.web.blog'],
    ['/src/greeter', 'go.micro.api.greeter', undefined, 'go.micro.api.greeter'],
    ['/src/helloworld/web', 'go.micro.api.greeter', undefined, 'go.micro.api.greeter'],
    ['/src/greeter', 'greeter', 'go.micro.web.other', 'go.micro.web.other'],
    ['/src/greeter', 'go.micro.srv.greeter', undefined, 'go.micro.srv.greeter'],
    ['/src/greeter', 'v1.greeter', undefined, 'go.micro.service.v1.greeter'],
  ])('of %s, declared %s, given %s, is the full one', (folder, declared, given, full) => {
    expect(name(folder, declared, given)).toBe(full);
  });

  test.each([
    ['my_Service', '"_", "S" cannot stand in it'],
    ['a b', '" " cannot stand in it'],
    ['../../etc', '"/" cannot stand in it'],
    ['', 'a part of it is empty'],
    ['-x', 'has "-" at an end'],
    ['a..b', 'a part of it is empty'],
    ['x'.repeat(64), 'too long'],
    [`${'x.'.repeat(130)}x`, '253 in all'],
  ])('%j is refused, with the characters or the rule that it breaks', (declared, fault) => {
    expect(() => name('/src/x', declared)).toThrow(expect.objectContaining({ code: 'invalid' }));
    expect(() => name('/src/x', declared)).toThrow(fault);
    expect(() => name('/src/x', declared)).toThrow('--name');
  });

  test.each(['micro', 'micro.runtime', 'micro.routes.v1'])('%s is reserved', (declared) => {
    expect(() => name('/src/x', declared)).toThrow(`the name ${declared} is reserved`);
  });
});

test.each([
  ['go.micro.service.greeter', '/service/greeter/'],
  ['go.micro.web.blog', '/web/blog/'],
  ['go.micro.api.v1.greeter', '/api/v1/greeter/'],
  ['go.micro.srv.greeter', ''],
])('the path of %s is %j', (service, path) => {
  expect(servicePath(service, namespaces)).toBe(path);
});

describe('what a user calls a service', () => {
  const services = ['go.micro.api.greeter', 'go.micro.service.greeter', 'go.micro.web.blog'];

  test('is its full name, or a short one that fits only one', () => {
    expect(resolveName('go.micro.api.greeter', services, namespaces)).toBe('go.micro.api.greeter');
    expect(resolveName('blog', services, namespaces)).toBe('go.micro.web.blog');
    expect(resolveName('blog', [...services, 'go.micro.web.blog'], namespaces)).toBe('go.micro.web.blog');
  });

  test('is refused when it fits several or none', () => {
    expect(() => resolveName('greeter', services, namespaces)).toThrow(
      'greeter may be go.micro.api.greeter or go.micro.service.greeter',
    );
    expect(() => resolveName('blo', services, namespaces)).toThrow(expect.objectContaining({ code: 'not-found' }));
  });
});
