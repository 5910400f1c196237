import { afterAll, beforeAll, describe } from 'vitest';
import { clientsContract } from './clients.contract.ts';
import { type EtcdUnderTest, startTemporaryEmbeddedEtcd } from './embedded.ts';
import { kvContract } from './kv.contract.ts';
import { leaseContract } from './lease.contract.ts';
import { maintenanceContract } from './maintenance.contract.ts';
import { connectRaw, type RawClient } from './raw-client.ts';
import { startRealEtcd } from './real-etcd.ts';
import { restartContract } from './restart.contract.ts';
import { watchContract } from './watch.contract.ts';

describe.each([
  ['the embedded etcd', startTemporaryEmbeddedEtcd],
  ['a real etcd', startRealEtcd],
])('%s', (_, start: () => Promise<EtcdUnderTest>) => {
  let server: EtcdUnderTest;
  let client: RawClient;
  beforeAll(async () => {
    server = await start();
    client = connectRaw(server.host);
  });
  afterAll(async () => {
    client.close();
    await server.stop();
  });
  const reach = (): RawClient => client;
  describe('KV', () => {
    kvContract(reach);
  });
  describe('Watch', () => {
    watchContract(reach);
  });
  describe('Lease', () => {
    leaseContract(reach);
  });
  describe('Maintenance', () => {
    maintenanceContract(reach, () => server.host);
  });
  describe('clients', () => {
    clientsContract(() => server.host);
  });
  describe('a restart', () => {
    restartContract(reach, () => server);
  });
});
