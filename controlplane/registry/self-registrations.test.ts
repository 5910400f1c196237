import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { encodeRegistered } from './codec.ts';
import { greeter, useRegistry } from './registry.fixture.ts';
import { startSelfRegistrations } from './self-registrations.ts';

const within = { timeout: 15_000 };
const { name } = greeter();
const key = `/micro/registry/${name}/greeter-1`;

describe('self-registrations', () => {
  const registry = useRegistry();
  let registrations: ReturnType<typeof startSelfRegistrations>;

  beforeEach(() => {
    const { client, view, log } = registry();
    registrations = startSelfRegistrations({ client, view, log });
  });

  afterEach(() => registrations.stop());

  const stored = async () => {
    const { kvs } = await registry().client.get(key).exec();
    return kvs[0];
  };
  const timeLeft = async (lease: string | undefined): Promise<number> => {
    const { TTL } = await registry().client.leaseClient.leaseTimeToLive({ ID: lease ?? '0' });
    return Number(TTL);
  };

  test('renew the lease of an instance that registers again unchanged, without writing it', async () => {
    await registrations.register(greeter(), 10);
    const first = await stored();
    await expect.poll(() => timeLeft(first?.lease), within).toBeLessThan(9);
    const renew = async (): Promise<number> => {
      await registrations.register(greeter(), 10);
      return timeLeft(first?.lease);
    };
    await expect.poll(renew, within).toBe(9);
    expect(await stored()).toEqual(first);
  });

  test('write an instance that changed, under the same lease', async () => {
    await registrations.register(greeter(1, '1.0.0'), 60);
    const first = await stored();
    await registrations.register(greeter(1, '2.0.0'), 60);
    const second = await stored();
    expect(second?.value).toEqual(encodeRegistered(greeter(1, '2.0.0')));
    expect(second?.lease).toBe(first?.lease);
  });

  test('move an instance that asks for another time to live to another lease', async () => {
    await registrations.register(greeter(), 60);
    const first = await stored();
    await registrations.register(greeter(), 120);
    const second = await stored();
    expect(second?.lease).not.toBe(first?.lease);
    expect(await timeLeft(second?.lease)).toBeGreaterThan(60);
  });

  test('write an instance again whose lease has ended', async () => {
    await registrations.register(greeter(), 60);
    await registry().client.leaseClient.leaseRevoke({ ID: (await stored())?.lease ?? '0' });
    expect(await stored()).toBeUndefined();
    await registrations.register(greeter(), 60);
    expect(await stored()).toBeDefined();
  });

  test('end by themselves when nobody registers again', async () => {
    await registrations.register(greeter(), 5);
    await vi.waitFor(() => expect(registry().view.get(name)).toHaveLength(1), within);
    await vi.waitFor(() => expect(registry().view.get(name)).toHaveLength(0), within);
  });

  test('remove an instance at both depths, and end its lease', async () => {
    const { client, view } = registry();
    await registrations.register(greeter(), 60);
    const lease = (await stored())?.lease;
    await client.put(`/micro/registry/micro/${name}/greeter-1`).value(encodeRegistered(greeter()));
    await vi.waitFor(() => expect(view.keysOf(name, 'greeter-1')).toHaveLength(2), within);
    await registrations.deregister(name, 'greeter-1');
    await vi.waitFor(() => expect(view.get(name)).toEqual([]), within);
    expect(await timeLeft(lease)).toBe(-1);
    await registrations.register(greeter(), 60);
    expect(await stored()).toBeDefined();
  });

  test('leave the lease of an instance to other keys that hang on it', async () => {
    const { client } = registry();
    await registrations.register(greeter(), 60);
    const lease = (await stored())?.lease ?? '0';
    await client.put('/other').value('mine').lease(lease);
    await registrations.deregister(name, 'greeter-1');
    expect(await client.get('/other').string()).toBe('mine');
  });

  test('say that there is no such instance', async () => {
    await expect(registrations.deregister(name, 'greeter-9')).rejects.toMatchObject({
      code: 'not-found',
      message: `service ${name} has no instance greeter-9 in the registry`,
    });
  });

  test.each([0, 4, 3_601, 5.5])('refuse a time to live of %s seconds', async (ttlSeconds) => {
    await expect(registrations.register(greeter(), ttlSeconds)).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringContaining('must be a whole number from 5 to 3600 seconds'),
    });
  });
});
