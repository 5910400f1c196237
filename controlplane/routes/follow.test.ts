import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import type { Etcd3 } from 'etcd3';
import { connectEtcd } from '../etcd/client/connect.ts';
import { startMirror } from '../etcd/client/mirror.ts';
import type { Mirror } from '../etcd/client/mirror.types.ts';
import { type RealEtcd, startRealEtcd } from '../etcd/contract/real-etcd.ts';
import { startRegistryView } from '../registry/view.ts';
import { compilePrefixes } from './compile.ts';
import { type Routes, startRoutes } from './follow.ts';

const log = pino({ level: 'silent' });
const internal = { names: ['micro.routes.v1'], address: '127.0.0.1:8083', node: 'n1', version: '1.0.0' };

let etcd: RealEtcd;
let client: Etcd3;
let mirror: Mirror;
let routes: Routes;
beforeAll(async () => {
  etcd = await startRealEtcd();
  client = connectEtcd({ hosts: [etcd.host] });
});
afterAll(async () => {
  client.close();
  await etcd.stop();
});
beforeEach(async () => {
  await client.delete().prefix('/micro/');
  await register('a', 1);
  mirror = await startMirror({ client, prefix: '/micro/', log });
  const registry = startRegistryView({ mirror, log });
  routes = startRoutes({ mirror, registry, prefixes: compilePrefixes('go.micro'), internal });
});
afterEach(async () => {
  routes.stop();
  await mirror.stop();
});

test('the first table holds what is registered, and the internal systems', () => {
  expect(table()).toEqual(['a: 127.0.0.1:1', 'micro.routes.v1: 127.0.0.1:8083']);
  expect(routes.publisher.snapshot()).toMatchObject({ clusterId: mirror.clusterId, revision: mirror.revision });
});

test('what is registered later is routed, and what goes is not', async () => {
  await register('b', 2);
  await vi.waitFor(() => expect(table()).toContain('b: 127.0.0.1:2'));
  await client.delete().key(key('a'));
  await vi.waitFor(() => expect(table()).toEqual(['b: 127.0.0.1:2', 'micro.routes.v1: 127.0.0.1:8083']));
});

test('a deployed service is known as long as it is deployed, whatever lives of it', async () => {
  const deployment = '/micro/runtime/deployments/a';
  await client.put(deployment).value('{}');
  await client.delete().key(key('a'));
  await vi.waitFor(() => expect(table()[0]).toBe('a:'));
  await client.delete().key(deployment);
  await vi.waitFor(() => expect(table()).toEqual(['micro.routes.v1: 127.0.0.1:8083']));
});

test('what changes in one revision of the store is one update of the table', async () => {
  const updates: bigint[] = [];
  const subscription = routes.publisher.subscribe({
    name: 'plane',
    httpAddress: ':8080',
    revision: () => 0n,
    apply: ({ value }) => void updates.push(value.revision),
    draining: () => new Set(),
    connection: () => {},
  });
  const { header } = await client
    .if(key('none'), 'Create', '==', 0)
    .then(client.put('/micro/runtime/deployments/c').value('{}'), put('b', 2), client.delete().key(key('a')))
    .commit();
  const last = BigInt(header.revision);
  await vi.waitFor(() => expect(updates.at(-1)).toBe(last));
  expect(updates).toHaveLength(2);
  expect(table()).toEqual(['b: 127.0.0.1:2', 'c:', 'micro.routes.v1: 127.0.0.1:8083']);
  subscription.close();
});

test('revisions that touch no route are followed too: who waits for them need not wait for a change', async () => {
  const { header } = await client.put('/micro/elsewhere').value('x');
  expect(await routes.publisher.settled(BigInt(header.revision), 10_000)).toBe(true);
  expect(routes.publisher.snapshot().revision).toBeLessThan(BigInt(header.revision));
});

const key = (name: string): string => `/micro/registry/${name}/${name}-1`;

const put = (name: string, port: number) =>
  client
    .put(key(name))
    .value(JSON.stringify({ name, version: 'v1', nodes: [{ id: `${name}-1`, address: `127.0.0.1:${port}` }] }));

async function register(name: string, port: number): Promise<void> {
  await put(name, port);
}

/** "service: its addresses", a line a service. */
function table(): readonly string[] {
  const { services } = routes.publisher.snapshot();
  return services.map(({ name, instances }) => [`${name}:`, ...instances.map(({ address }) => address)].join(' '));
}
