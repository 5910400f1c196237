import { readFile } from 'node:fs/promises';
import { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import { expect } from 'vitest';
import { parseTcpAddress } from '../../proto/channel/address.ts';
import { connect, unary } from '../../proto/channel/client.ts';
import { type DeregisterResponse, RegistryClient } from '../../proto/gen/micro/registry/v1/registry.ts';
import { startLoad } from '../harness/load.ts';
import { register } from '../harness/register.ts';
import type { Server } from '../harness/server.ts';
import { test as base } from '../harness/test.ts';
import { type FaultyInstance, startFaultyInstance } from './faulty-service.ts';

const name = 'go.micro.service.faulty';

/** A service of two instances in processes of their own, the first of which is to misbehave. */
const test = base.extend('pair', async ({ start }, { onCleanup }) => {
  const stack = new AsyncDisposableStack();
  onCleanup(() => stack.disposeAsync());
  const server = await start();
  const doomed = stack.use(await startFaultyInstance());
  const sound = stack.use(await startFaultyInstance());
  await register(server, server.token, name, doomed.address, 'doomed');
  await register(server, server.token, name, sound.address, 'sound');
  await expect.poll(async () => (await fetch(url(server))).status, { timeout: 20_000 }).toBe(200);
  return { server, doomed, sound };
});

const url = (server: Server) => server.url('/service/faulty/');

test.for<[string, (doomed: FaultyInstance) => unknown]>([
  ['is killed', (doomed) => doomed.kill('SIGKILL')],
  ['refuses connections', (doomed) => doomed.behave('refusing')],
  ['resets in the middle of a head', (doomed) => doomed.behave('resetting')],
  ['answers garbage', (doomed) => doomed.behave('garbage')],
])('no request is lost when an instance %s under load, and nothing is left behind', async ([, fail], { pair }) => {
  const { server, doomed } = pair;
  const load = startLoad(url(server), 16);
  await load.answers(500);
  const before = await residentBytes(server);
  await fail(doomed);
  await load.answers(2_000);
  expect(Object.keys(await load.stop())).toEqual(['200']);
  await expectNothingLeft(server, before);
});

test('an instance that is frozen holds up what it was asked, and nothing once it goes on', async ({ pair }) => {
  const { server, doomed } = pair;
  const load = startLoad(url(server), 16);
  await load.answers(500);
  const before = await residentBytes(server);
  doomed.kill('SIGSTOP');
  // As few calls in flight are what an instance is chosen by, the other goes on alone.
  await load.answers(1_000);
  doomed.kill('SIGCONT');
  await load.answers(500);
  expect(Object.keys(await load.stop())).toEqual(['200']);
  await expectNothingLeft(server, before);
});

test('no request is lost while an instance comes and goes in the table', async ({ pair }) => {
  const { server, doomed } = pair;
  const load = startLoad(url(server), 16);
  const before = await residentBytes(server);
  const registry = connect(RegistryClient, parseTcpAddress(server.addresses.grpc), { token: server.token });
  const isRunning = new AbortController();
  const swaps = (async () => {
    let count = 0;
    for (; !isRunning.signal.aborted; count += 1) {
      const request = { service: name, instanceId: 'doomed' };
      await unary<DeregisterResponse>((done) => registry.deregister(request, done));
      await register(server, server.token, name, doomed.address, 'doomed');
    }
    return count;
  })();
  await load.answers(4_000);
  isRunning.abort();
  expect(await swaps).toBeGreaterThan(10);
  registry.close();
  expect(Object.keys(await load.stop())).toEqual(['200']);
  await expectNothingLeft(server, before);
});

test('a server that is told to stop under load loses no request within its grace', async ({ start }) => {
  await using sound = await startFaultyInstance();
  const server = await start({ flags: ['--drain-grace', '5s'] });
  await register(server, server.token, name, sound.address);
  await expect.poll(async () => (await fetch(url(server))).status, { timeout: 20_000 }).toBe(200);
  const load = startLoad(url(server), 16);
  await load.answers(500);
  const exitCode = server.stop();
  await load.answers(500);
  // Before the grace is over: a connection that waits to be accepted when a listener closes is reset by the kernel.
  expect(Object.keys(await load.stop())).toEqual(['200']);
  expect(await exitCode).toBe(0);
});

const mostGrowthBytes = 96 * 1024 * 1024;

/** Once the load has ended: bounds, as connections that clients and the server keep at rest are no leak. */
async function expectNothingLeft(server: Server, residentBefore: number): Promise<void> {
  const metrics = async () => (await fetch(`http://${server.addresses.admin}/metrics`)).text();
  // Each of the 16 clients left at most one connection at rest, and so has the server to each instance.
  await expect.poll(async () => sumOf(await metrics(), 'micro_open_connections'), { timeout: 10_000 }).toBeLessThan(64);
  expect(sumOf(await metrics(), 'micro_upstream_connections')).toBeLessThanOrEqual(64);
  expect((await residentBytes(server)) - residentBefore).toBeLessThan(mostGrowthBytes);
}

/** The sum of a metric over its labels. */
function sumOf(metrics: string, metric: string): number {
  const values = metrics.matchAll(new RegExp(`^${metric}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'));
  return [...values].reduce((sum, [, value]) => sum + Number(value), 0);
}

/** What a server takes of memory, as Linux tells it. */
async function residentBytes({ pid }: Server): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}
