import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { connectEtcd } from '../etcd/client/connect.ts';
import { type RealEtcd, startRealEtcd } from '../etcd/contract/real-etcd.ts';
import { startMirror } from '../etcd/client/mirror.ts';
import type { Mirror } from '../etcd/client/mirror.types.ts';
import { startRegistrar } from './registrar.ts';
import type { Registered, RegistryView } from './types.ts';
import { startRegistryView } from './view.ts';

const log = pino({ level: 'silent' });

const greeter: Registered = {
  name: 'go.micro.service.greeter',
  version: '1.0.0',
  metadata: {},
  endpoints: [],
  instance: { id: 'greeter-1', address: '127.0.0.1:4000', metadata: { protocol: 'grpc' } },
};

describe('the registrar', () => {
  let etcd: RealEtcd;
  let client: ReturnType<typeof connectEtcd>;
  let mirror: Mirror;
  let view: RegistryView;
  let registrar: ReturnType<typeof startRegistrar>;

  beforeAll(async () => {
    etcd = await startRealEtcd();
    client = connectEtcd({ hosts: [etcd.host] });
  });

  afterAll(async () => {
    client.close();
    await etcd.stop();
  });

  beforeEach(async () => {
    await client.delete().all();
    mirror = await startMirror({ client, prefix: '/micro/', log });
    view = startRegistryView({ mirror, log });
    registrar = startRegistrar({ client, log, ttlSeconds: 3 });
  });

  afterEach(async () => {
    await registrar.stop();
    view.stop();
    await mirror.stop();
  });

  test('puts an instance into the registry and takes it out', async () => {
    const registration = await registrar.register(greeter);
    await vi.waitFor(() => expect(view.get(greeter.name)).toHaveLength(1));
    expect(view.get(greeter.name)[0]?.instances).toEqual([greeter.instance]);
    const revision = await registration.deregister();
    await vi.waitFor(() => expect(view.revision).toBe(revision));
    expect(view.get(greeter.name)).toEqual([]);
  });

  test('registers again when the lease is revoked behind its back', async () => {
    await registrar.register(greeter);
    await vi.waitFor(() => expect(view.get(greeter.name)).toHaveLength(1));
    const { leases } = await client.leaseClient.leaseLeases();
    await client.leaseClient.leaseRevoke({ ID: leases[0]?.ID ?? '' });
    await vi.waitFor(() => expect(view.get(greeter.name)).toHaveLength(0));
    await vi.waitFor(() => expect(view.get(greeter.name)).toHaveLength(1), 10_000);
  });
});
