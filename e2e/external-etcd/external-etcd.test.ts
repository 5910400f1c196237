import { join } from 'node:path';
import { Etcd3 } from 'etcd3';
import { expect } from 'vitest';
import { startLoad } from '../harness/load.ts';
import { type RealEtcd, startRealEtcd } from '../harness/real-etcd.ts';
import { samples } from '../harness/samples.ts';
import { test as base } from '../harness/test.ts';

const test = base.extend('etcd', async ({ folder }, { onCleanup }): Promise<RealEtcd> => {
  const etcd = await startRealEtcd(join(folder, 'etcd'));
  onCleanup(() => etcd[Symbol.asyncDispose]());
  return etcd;
});

test('a server keeps its state in an etcd of the user', async ({ etcd, start }) => {
  const server = await start({ flags: ['--etcd', etcd.address] });
  await server.succeed('run', samples.clock);
  expect((await fetch(server.url('/api/clock/time'))).status).toBe(200);
  expect(await server.succeed('health')).toMatch(/^store +external etcd, revision \d+$/m);

  const client = new Etcd3({ hosts: etcd.address });
  const keys = await client.getAll().prefix('/micro/').keys();
  client.close();
  expect(keys).toContain('/micro/runtime/deployments/go.micro.api.clock');
  expect(keys.some((key) => key.startsWith('/micro/registry/go.micro.api.clock/'))).toBe(true);
});

test('no request is lost while etcd does not answer', async ({ etcd, start }) => {
  const server = await start({ flags: ['--etcd', etcd.address] });
  await server.succeed('run', samples.clock);
  const load = startLoad(server.url('/api/clock/time'));
  await load.answers(100);

  etcd.freeze();
  await load.answers(300);
  await expect
    .poll(async () => (await server.run('health')).stderr, { timeout: 30_000 })
    .toContain('not well: the store');
  etcd.thaw();
  await expect.poll(async () => (await server.run('health')).exitCode, { timeout: 30_000 }).toBe(0);
  await load.answers(100);

  expect(Object.keys(await load.stop())).toEqual(['200']);
});

test('an etcd that is not there is named, and the server does not start', async ({ start }) => {
  const starting = start({ flags: ['--etcd', '127.0.0.1:1'] });
  await expect(starting).rejects.toThrow(/ended with 1:[^]*micro: .*127\.0\.0\.1:1/);
});
