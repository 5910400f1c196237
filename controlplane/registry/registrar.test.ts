import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { startRegistrar } from './registrar.ts';
import { greeter, useRegistry } from './registry.fixture.ts';

const within = { timeout: 15_000 };
const { name } = greeter();

describe('the registrar', () => {
  const registry = useRegistry();
  let registrar: ReturnType<typeof startRegistrar>;

  beforeEach(() => {
    const { client, log } = registry();
    registrar = startRegistrar({ client, log, ttlSeconds: 3 });
  });

  afterEach(async () => {
    await registrar.stop();
  });

  const isRegistered = (): boolean => registry().view.get(name).length > 0;
  const leases = async (): Promise<readonly string[]> => {
    const answer = await registry().client.leaseClient.leaseLeases();
    return answer.leases.map(({ ID }) => ID);
  };
  const leaseOf = async (key: string): Promise<string> => {
    const { kvs } = await registry().client.get(key).exec();
    return kvs[0]?.lease ?? '0';
  };
  const key = `/micro/registry/${name}/greeter-1`;

  test('puts an instance into the registry under a lease, and takes both away', async () => {
    const registration = await registrar.register(greeter());
    await vi.waitFor(() => expect(isRegistered()).toBe(true), within);
    expect(registry().view.get(name)[0]?.instances).toEqual([greeter().instance]);
    const lease = await leaseOf(key);
    expect(lease).not.toBe('0');
    const revision = await registration.deregister();
    await vi.waitFor(() => expect(registry().view.revision).toBe(revision), within);
    expect(isRegistered()).toBe(false);
    expect(await leases()).not.toContain(lease);
  });

  test('keeps the lease alive beyond its time', async () => {
    const { client, log } = registry();
    const patient = startRegistrar({ client, log, ttlSeconds: 6 });
    await patient.register(greeter());
    const lease = await leaseOf(key);
    // A lease of the same length that nobody renews tells when the time is over.
    const { ID: witness } = await client.leaseClient.leaseGrant({ TTL: 6 });
    await client.put('/witness').value('').lease(witness);
    await expect.poll(() => client.get('/witness').exists(), within).toBe(false);
    expect(await leaseOf(key)).toBe(lease);
    expect(registry().logged).toEqual([]);
    await patient.stop();
  });

  test('registers again, and says so, when the lease is revoked behind its back', async () => {
    await registrar.register(greeter());
    const lease = await leaseOf(key);
    await registry().client.leaseClient.leaseRevoke({ ID: lease });
    await vi.waitFor(
      () => expect(registry().logged).toMatchObject([{ key, msg: 'the lease had ended: registered again' }]),
      within,
    );
    expect(['0', lease]).not.toContain(await leaseOf(key));
    await vi.waitFor(() => expect(isRegistered()).toBe(true), within);
  });

  test('recovers when the store is killed and started again', async () => {
    await registrar.register(greeter());
    const lease = await leaseOf(key);
    const { etcd, client, logged } = registry();
    await etcd.kill();
    const failing = expect.objectContaining({ msg: 'cannot renew a registration: trying again every second' });
    await vi.waitFor(() => expect(logged).toContainEqual(failing), within);
    await etcd.restart();
    const revoke = (): Promise<unknown> => client.leaseClient.leaseRevoke({ ID: lease }).catch(String);
    await expect.poll(revoke, within).toHaveProperty('header');
    const restored = expect.objectContaining({ key, msg: 'the lease had ended: registered again' });
    await vi.waitFor(() => expect(logged).toContainEqual(restored), within);
    await vi.waitFor(() => expect(isRegistered()).toBe(true), within);
  });

  test('says something else as soon as the store is back, when it is away', async () => {
    const { etcd, view } = registry();
    const registration = await registrar.register(greeter());
    await etcd.kill();
    const { instance, ...service } = greeter();
    const changed = { ...service, instance: { ...instance, metadata: { weight: '9' } } };
    await expect(registration.update(changed)).rejects.toMatchObject({ code: 'unavailable' });
    await etcd.restart();
    await expect.poll(() => view.get(name)[0]?.instances, within).toEqual([changed.instance]);
  });

  test('says something else of an instance under the same lease, and nothing of one that is gone', async () => {
    const weighing = (weight: string) => {
      const { instance, ...service } = greeter();
      return { ...service, instance: { ...instance, metadata: { weight } } };
    };
    const registration = await registrar.register(weighing('1'));
    const lease = await leaseOf(key);
    await registration.update(weighing('9'));
    await expect
      .poll(() => registry().view.get(name)[0]?.instances, within)
      .toMatchObject([{ metadata: { weight: '9' } }]);
    expect(await leaseOf(key)).toBe(lease);
    await registration.deregister();
    await registration.update(weighing('5'));
    expect(await registry().client.get(key).exists()).toBe(false);
  });

  test('deregisters at the revision of its registration when the key was gone already', async () => {
    const registration = await registrar.register(greeter());
    const { client } = registry();
    const { kvs } = await client.get(key).exec();
    await client.delete().key(key);
    await client.put('/other').value('');
    expect(await registration.deregister()).toBe(BigInt(kvs[0]?.mod_revision ?? 0));
  });

  test('refuses an instance that is not valid, with every problem', async () => {
    await expect(registrar.register({ ...greeter(), name: 'micro.runtime.v1', version: '' })).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringMatching(/reserved.*; .*version/),
    });
  });

  test('says that the store is away when it cannot register', async () => {
    const { etcd } = registry();
    await etcd.kill();
    await expect(registrar.register(greeter())).rejects.toMatchObject({ code: 'unavailable' });
    await etcd.restart();
  });

  test('lets go of what is registered when it stops', async () => {
    await registrar.register(greeter());
    await vi.waitFor(() => expect(isRegistered()).toBe(true), within);
    await registrar.stop();
    await vi.waitFor(() => expect(isRegistered()).toBe(false), within);
  });
});
