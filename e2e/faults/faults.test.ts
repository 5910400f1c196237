import { connect } from 'node:net';
import { setInterval } from 'node:timers/promises';
import { expect } from 'vitest';
import { parseTcpAddress } from '../../proto/channel/address.ts';
import { residentBytes } from '../bench/resident-memory.ts';
import type { Server } from '../harness/server.ts';
import { test as base } from '../harness/test.ts';
import { type FaultyInstance, startFaultyInstance } from './faulty-instance.ts';
import { type Fault, whole } from './faulty.types.ts';
import { startKeepAliveLoad } from './keep-alive-load.ts';
import { connectRegistrar, type Registrar } from '../harness/registrar.ts';

const service = 'go.micro.api.faulty';

const clients = 32;

/** Above what the data plane waits for an instance while others can answer; a hang would be its 60 s. */
const hangsAfterMs = 15_000;

/** What memory may grow by under load that comes again and again: a leak of a kibibyte a request would be more. */
const mostGrowthBytes = 64 * 1024 * 1024;

/** A server that routes to three instances, as each test finds them. */
const test = base
  .extend('registrar', { scope: 'file' }, ({ server }, { onCleanup }) => {
    const registrar = connectRegistrar(server);
    onCleanup(() => registrar[Symbol.dispose]());
    return registrar;
  })
  .extend('instances', { scope: 'file' }, async ({ server, registrar }, { onCleanup }) => {
    const instances = await Promise.all([startFaultyInstance(), startFaultyInstance(), startFaultyInstance()]);
    onCleanup(() => Promise.all(instances.map((instance) => instance[Symbol.asyncDispose]())).then(() => {}));
    for (const [index, { address }] of instances.entries())
      await registrar.register(service, `faulty-${index}`, address);
    await expect.poll(async () => (await fetch(server.url('/api/faulty/'))).status).toBe(200);
    return instances;
  });

const startLoad = (server: Server) =>
  startKeepAliveLoad({ url: server.url('/api/faulty/x'), expected: whole, clients, hangsAfterMs });

const metricsOf = async (server: Server) => (await fetch(`http://${server.addresses.admin}/metrics`)).text();

/** When the load is over, and what rests is closed, no connection is left on either side and nothing is in flight. */
async function nothingIsLeft(server: Server, instances: readonly FaultyInstance[]): Promise<void> {
  await expect
    .poll(() => metricsOf(server), { timeout: 20_000 })
    .toMatch(/^micro_open_connections\{entrypoint="http"\} 0$/m);
  await expect
    .poll(() => metricsOf(server), { timeout: 20_000 })
    .not.toMatch(/^micro_upstream_connections\{protocol="HTTP\/1\.1"\} [1-9]/m);
  for (const instance of instances)
    expect(await instance.tell('report')).toMatchObject({ inFlight: 0, connections: 0, held: 0 });
}

const misbehaving = (fault: Fault) => ({
  begin: (instance: FaultyInstance) => instance.tell(fault),
  end: (instance: FaultyInstance) => instance.tell('none'),
});

/** What may happen to an instance under load, and what clients may see of it besides answers that are right. */
const faults: Readonly<
  Record<string, { begin(it: FaultyInstance): unknown; end(it: FaultyInstance): unknown; seen?: readonly string[] }>
> = {
  'is killed': { begin: (instance) => instance.kill(), end: (instance) => instance.start() },
  'is frozen': { begin: (instance) => instance.signal('SIGSTOP'), end: (instance) => instance.signal('SIGCONT') },
  'refuses connections': misbehaving('refuse'),
  'resets its connections in the head of its answers': misbehaving('reset-in-head'),
  // The answer is on its way to the client by then, who is to see that it is not all, or that there is none.
  'resets its connections in the body of its answers': {
    ...misbehaving('reset-in-body'),
    seen: ['broken', 'ECONNRESET'],
  },
  'answers garbage': misbehaving('garbage'),
};

/** Of the server after the first load, which also warmed it up. */
let settledBytes: number | undefined;

async function memoryIsBounded({ pid }: Server): Promise<void> {
  const bytes = await residentBytes(pid);
  settledBytes ??= bytes;
  expect(bytes - settledBytes).toBeLessThan(mostGrowthBytes);
}

test.for(Object.entries(faults))(
  'no request is lost while an instance %s',
  async ([, fault], { server, instances }) => {
    const [instance] = instances as [FaultyInstance, ...FaultyInstance[]];
    const load = startLoad(server);
    await load.outcomes(2_000);
    await fault.begin(instance);
    await load.outcomes(4_000);
    await fault.end(instance);
    await load.outcomes(2_000);
    const outcomes = await load.stop();
    const allowed = new Set(['200', ...(fault.seen ?? [])]);
    expect(Object.keys(outcomes).filter((outcome) => !allowed.has(outcome))).toEqual([]);
    await nothingIsLeft(server, instances);
    await memoryIsBounded(server);
  },
);

test('no request is lost while the route table is swapped a hundred times a second', async ({
  server,
  instances,
  registrar,
}) => {
  const before = await revisionOf(server);
  const load = startLoad(server);
  await swap(registrar, instances, 500);
  await load.outcomes(500);
  expect(Object.keys(await load.stop())).toEqual(['200']);
  expect((await revisionOf(server)) - before).toBeGreaterThanOrEqual(500);
  await nothingIsLeft(server, instances);
  await memoryIsBounded(server);
});

async function revisionOf(server: Server): Promise<number> {
  return Number(/^micro_routes_revision (\d+)/m.exec(await metricsOf(server))?.[1]);
}

/**
 * Takes two of the three instances, and other services, away and brings them back in turns, a change every ten
 * milliseconds. Each is changed again only when its last change was made.
 */
async function swap(registrar: Registrar, instances: readonly FaultyInstance[], changes: number): Promise<void> {
  const swapped = Array.from({ length: 10 }, (_, index) => ({
    name: index < 2 ? service : `go.micro.api.swapped-${index}`,
    id: `faulty-${index}`,
    address: (instances[index % 2] as FaultyInstance).address,
    isThere: index < 2,
    changed: Promise.resolve(),
  }));
  let begun = 0;
  for await (const _ of setInterval(10)) {
    const each = swapped[begun % swapped.length] as (typeof swapped)[number];
    const { name, id, address, isThere } = each;
    each.isThere = !isThere;
    each.changed = each.changed.then(() =>
      isThere ? registrar.deregister(name, id) : registrar.register(name, id, address),
    );
    begun += 1;
    if (begun === changes) break;
  }
  await Promise.all(swapped.map(({ changed }) => changed));
}

test('100,000 requests over one connection leave nothing behind', async ({ server, instances }) => {
  await ask(server, 1_000);
  const before = await residentBytes(server.pid);
  await ask(server, 100_000);
  expect((await residentBytes(server.pid)) - before).toBeLessThan(mostGrowthBytes);
  await nothingIsLeft(server, instances);
});

/** Sends so many requests over one connection, a hundred at a time, and waits for their answers. */
async function ask(server: Server, requests: number): Promise<void> {
  const socket = connect(parseTcpAddress(server.addresses.http));
  const batch = 'GET /api/faulty/x HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(100);
  let sent = 0;
  let linesToCome = 0;
  const sendMore = (): void => {
    if (sent === requests) {
      socket.end();
      return;
    }
    sent += 100;
    linesToCome += 100 * linesOf(Buffer.from(whole));
    socket.write(batch);
  };
  sendMore();
  for await (const bytes of socket) {
    linesToCome -= linesOf(bytes as Buffer);
    if (linesToCome === 0) sendMore();
  }
  expect(linesToCome).toBe(0);
}

/** Lines of bodies: those of heads end in a carriage return too. */
function linesOf(bytes: Buffer): number {
  let lines = 0;
  for (const byte of bytes) {
    if (byte === 0x0a) lines += 1;
    else if (byte === 0x0d) lines -= 1;
  }
  return lines;
}

test('a server that is told to stop under load answers all that it accepted', async ({ start }) => {
  const server = await start();
  await using instance = await startFaultyInstance();
  using registrar = connectRegistrar(server);
  await registrar.register(service, 'faulty-0', instance.address);
  await expect.poll(async () => (await fetch(server.url('/api/faulty/'))).status).toBe(200);
  const { served } = await instance.tell('report');

  const held = Array.from({ length: 8 }, () => fetch(server.url('/api/faulty/hold')));
  await expect.poll(async () => (await instance.tell('report')).held).toBe(8);
  const load = startLoad(server);
  await load.outcomes(2_000);
  const stopped = server.stop();
  const outcomes = await load.ended();
  await instance.tell('release');
  for (const answer of await Promise.all(held)) expect(await answer.text()).toBe(whole);
  expect(await stopped).toBe(0);

  // What is not accepted any more is refused, or reset where it was still waiting to be.
  const allowed = new Set(['200', 'ECONNREFUSED', 'ECONNRESET']);
  expect(Object.keys(outcomes).filter((outcome) => !allowed.has(outcome))).toEqual([]);
  expect(outcomes['ECONNREFUSED']).toBe(clients);
  const after = await instance.tell('report');
  expect(after).toMatchObject({ inFlight: 0, connections: 0 });
  expect(after.served - served).toBe((outcomes['200'] ?? 0) + held.length);
});
