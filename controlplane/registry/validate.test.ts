import { describe, expect, test } from 'vitest';
import type { Registered } from './types.ts';
import { assertRegistrable, problemsOf } from './validate.ts';

const good: Registered = {
  name: 'go.micro.service.greeter_2-b',
  version: 'v1.0.0-3-gabc+dirty',
  metadata: {},
  endpoints: [],
  instance: { id: 'go.micro.service.greeter/7', address: 'host.example:4000', metadata: {} },
};

const withName = (name: string): Registered => ({ ...good, name });
const withId = (id: string): Registered => ({ ...good, instance: { ...good.instance, id } });
const withAddress = (address: string): Registered => ({ ...good, instance: { ...good.instance, address } });

describe('an instance', () => {
  test.each([good, withName('Greeter'), withName('micro'), withAddress('[::1]:1'), withAddress('10.0.0.1:65535')])(
    'may be registered: %j',
    (registered) => {
      expect(problemsOf(registered)).toEqual([]);
    },
  );

  test.each([
    [withName(''), 'the service name "" must be letters, digits, "-" and "_" in parts separated by single dots'],
    [withName('a..b'), 'the service name "a..b" must be'],
    [withName('.a'), 'the service name ".a" must be'],
    [withName('a/b'), 'the service name "a/b" must be'],
    [withName('grüße'), 'the service name "grüße" must be'],
    [withName('a\n'), String.raw`the service name "a\n" must be`],
    [withName('a'.repeat(254)), 'the service name has 254 characters, at most 253 are allowed'],
    [withName('micro.registry.v1'), 'the service name micro.registry.v1 is reserved'],
    [{ ...good, version: '' }, 'the version "" must be printable ASCII without spaces'],
    [withId(''), 'the instance id "" must be printable ASCII without spaces'],
    [withId('a b'), 'the instance id "a b" must be'],
    [withId('a'.repeat(254)), 'the instance id has 254 characters'],
    [withAddress(''), 'the instance address "" must be "host:port" with a port from 1 to 65535'],
    [withAddress('host'), 'the instance address "host" must be'],
    [withAddress(':80'), 'the instance address ":80" must be'],
    [withAddress('host:0'), 'the instance address "host:0" must be'],
    [withAddress('host:65536'), 'the instance address "host:65536" must be'],
    [withAddress('http://host:80'), 'the instance address "http://host:80" must be'],
    [withAddress('[nonsense]:80'), 'the instance address "[nonsense]:80" must be'],
    [withAddress(`${'a'.repeat(300)}:80`), 'the instance address has 303 characters, at most 259 are allowed'],
  ])('is refused with a reason: %j', (registered, reason) => {
    expect(problemsOf(registered)).toEqual([expect.stringContaining(reason)]);
  });

  test('is refused for a health check that is wrong, though it could be routed to', () => {
    const bad: Registered = { ...good, instance: { ...good.instance, metadata: { 'health-interval': 'soon' } } };
    expect(problemsOf(bad)).toEqual([]);
    expect(() => assertRegistrable(bad)).toThrow(
      'the metadata "health-interval" is "soon", and must be a time from 1s',
    );
  });

  test('is refused with every problem at once', () => {
    const bad: Registered = { ...withAddress('nowhere'), name: 'a b', version: '' };
    expect(() => assertRegistrable(bad, ['the moon is full'])).toThrow(
      expect.objectContaining({
        code: 'invalid',
        message: expect.stringMatching(/^cannot register: .*"a b".*; .*version.*; .*"nowhere".*; the moon is full$/),
      }),
    );
  });
});
