import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Metadata, Server, ServerCredentials } from '@grpc/grpc-js';
import type { Etcd3 } from 'etcd3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type RealEtcd, startRealEtcd } from '../contract/real-etcd.ts';
import { KVService, WatchService } from '../gen/rpc.ts';
import { connectEtcd } from './connect.ts';

describe('the etcd client', () => {
  let etcd: RealEtcd;
  const clients: Etcd3[] = [];

  beforeEach(async () => {
    etcd = await startRealEtcd();
  });

  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    await etcd.stop();
  });

  const connect = (...options: Parameters<typeof connectEtcd>): Etcd3 => {
    const client = connectEtcd(...options);
    clients.push(client);
    return client;
  };

  test('gives up on a store that is frozen, and says which and for how long it tried', async () => {
    const client = connect({ hosts: [etcd.host], timeoutMs: 2_000 });
    // A busy machine's disk may need longer than that.
    await expect
      .poll(
        () =>
          client
            .put('a')
            .value('1')
            .exec()
            .then(() => 'put', String),
        { timeout: 15_000 },
      )
      .toBe('put');
    await etcd.freeze();
    await expect(client.get('a').string()).rejects.toMatchObject({
      name: 'ControlPlaneError',
      code: 'unavailable',
      message: expect.stringMatching(new RegExp(`^etcd at ${etcd.host} did not answer within \\d+\\.\\d s$`)),
    });
    etcd.thaw();
    await expect.poll(() => client.get('a').string().catch(String), { timeout: 10_000 }).toBe('1');
  });

  test('says that a store is away, and finds it again when it is back', async () => {
    const client = connect({ hosts: [etcd.host] });
    await client.put('a').value('1');
    await etcd.kill();
    await expect(client.get('a').string()).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(new RegExp(`^etcd at ${etcd.host} cannot be reached \\(tried for .*(?<!note: )$`)),
    });
    await etcd.restart();
    await expect.poll(() => client.get('a').string().catch(String), { timeout: 10_000 }).toBe('1');
  });

  test('asks another host while one is away', async () => {
    const client = connect({ hosts: ['unix:/nobody/listens/here', etcd.host] });
    for (let attempt = 0; attempt < 20; attempt += 1) await client.put(`key-${attempt}`).value('1');
    expect(await client.getAll().prefix('key-').count()).toBe(20);
  });

  test('leaves an error that is about the request as it is', async () => {
    const client = connect({ hosts: [etcd.host] });
    await expect(client.put('a').value('1').lease('77')).rejects.toThrow('requested lease not found');
  });

  test('reaches a store on a Unix socket, and requires a leader of streams only', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'micro-client-'));
    const received = new Map<string, Metadata>();
    const server = new Server();
    server.addService(KVService, {
      range: (call: { metadata: Metadata }, done: (error: null, response: object) => void) => {
        received.set('range', call.metadata);
        done(null, {
          header: { clusterId: 1n, memberId: 1n, revision: 1n, raftTerm: 1n },
          kvs: [],
          more: false,
          count: 0n,
        });
      },
    });
    server.addService(WatchService, {
      watch: (call: { metadata: Metadata; end(): void }) => {
        received.set('watch', call.metadata);
        call.end();
      },
    });
    const socket = `unix:${join(folder, 'etcd.sock')}`;
    await new Promise<void>((resolve, reject) => {
      server.bindAsync(socket, ServerCredentials.createInsecure(), (error) => (error ? reject(error) : resolve()));
    });
    try {
      const client = connect({ hosts: [socket] });
      expect(await client.get('a').string()).toBeNull();
      const stream = await client.watchClient.watch();
      await new Promise<void>((resolve) => {
        stream.on('data', () => undefined);
        stream.on('end', resolve);
        stream.end();
      });
      expect(received.get('range')?.get('hasleader')).toEqual([]);
      expect(received.get('watch')?.get('hasleader')).toEqual(['true']);
    } finally {
      server.forceShutdown();
      await rm(folder, { recursive: true });
    }
  });
});
