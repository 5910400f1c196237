import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Etcd3 } from 'etcd3';
import pino from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type EmbeddedEtcd, startEmbeddedEtcd } from './embedded-etcd.ts';

let folder: string;
let server: EmbeddedEtcd;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'micro-etcd-'));
  server = await startEmbeddedEtcd({
    folder: join(folder, 'etcd'),
    socketPath: join(folder, 's'),
    log: pino({ level: 'warn' }),
  });
});
afterEach(async () => {
  await server.stop();
  await rm(folder, { recursive: true });
});

test('the etcd3 client puts, gets, watches and deletes', async () => {
  const client = new Etcd3({ hosts: server.addresses[0] });
  const watcher = await client.watch().prefix('a').create();
  const seen: string[] = [];
  watcher.on('put', (kv) => seen.push(`put ${kv.key}=${kv.value}`)).on('delete', (kv) => seen.push(`delete ${kv.key}`));
  await client.put('a/1').value('one');
  expect(await client.get('a/1').string()).toBe('one');
  await client.delete().key('a/1');
  await expect.poll(() => seen).toEqual(['put a/1=one', 'delete a/1']);
  const lease = client.lease(10);
  await lease.put('a/2').value('two');
  await lease.revoke();
  expect(await client.get('a/2').string()).toBeNull();
  client.close();
});
