import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { parseAddress } from '../../../proto/channel/address.ts';
import { Protocol } from '../../../proto/gen/micro/routes/v1/routes.ts';
import { listenForTest } from '../../data-plane.fixture.ts';
import { InstanceState } from '../../routes/instance-state.ts';
import type { RoutedInstance } from '../../routes/table.ts';
import { Buffers } from '../../sockets/buffers.ts';
import { WriteBatch } from '../../sockets/write-batch.ts';
import { UpstreamConnections } from '../../upstream/connections.ts';
import type { UpstreamUser } from './upstream-connection.ts';
import { UpstreamPools } from './upstream-pool.ts';

function user() {
  return {
    onConnected: vi.fn<UpstreamUser['onConnected']>(),
    onInstanceBytes: vi.fn<UpstreamUser['onInstanceBytes']>(),
    onInstanceDrain: vi.fn<UpstreamUser['onInstanceDrain']>(),
    onInstanceEnd: vi.fn<UpstreamUser['onInstanceEnd']>(),
    onInstanceGone: vi.fn<UpstreamUser['onInstanceGone']>(),
  };
}

/** An instance that accepts, and pools with no connection yet. */
async function startPools(idleMs = 4_000) {
  const accepted: Socket[] = [];
  const server = createServer((socket) => accepted.push(socket.on('error', () => {}).resume()));
  const name = await listenForTest(server);
  const instance: RoutedInstance = {
    name,
    version: 'v1',
    address: parseAddress(name),
    protocol: Protocol.PROTOCOL_HTTP1,
    weight: 1,
    state: new InstanceState({ now: () => performance.now(), random: Math.random }),
  };
  const connections = new UpstreamConnections();
  const pools = new UpstreamPools({
    connectMs: 1_000,
    idleMs,
    connections,
    buffers: new Buffers(),
    batch: new WriteBatch(),
  });
  onTestFinished(() => pools.close());
  const connected = async () => {
    const first = user();
    const connection = pools.connect(instance, first);
    await vi.waitFor(() => expect(first.onConnected).toHaveBeenCalled());
    await vi.waitFor(() => expect(accepted.length).toBeGreaterThan(0));
    return connection;
  };
  return { accepted, instance, connections, pools, connected };
}

test('a connection that is kept is taken again, once, by who asks next, who hears of it from then on', async () => {
  const { accepted, instance, pools, connected } = await startPools();
  const connection = await connected();
  pools.keep(instance, connection);
  const next = user();
  expect(pools.take(instance, next, false)).toBe(connection);
  expect(pools.take(instance, user(), false)).toBeUndefined();
  accepted[0]?.write('hello');
  await vi.waitFor(() => expect(next.onInstanceBytes.mock.lastCall?.[1]).toBe(5));
});

test('the connection that rested last is taken first', async () => {
  const { instance, pools, connected } = await startPools();
  const [first, second] = [await connected(), await connected()];
  pools.keep(instance, first);
  pools.keep(instance, second);
  expect(pools.take(instance, user(), true)).toBe(second);
  expect(pools.take(instance, user(), true)).toBe(first);
});

test.each([
  ['says something unasked', (socket: Socket) => void socket.write('HTTP/1.1 200 OK\r\n\r\n')],
  ['ends it', (socket: Socket) => void socket.end()],
  ['resets it', (socket: Socket) => void socket.resetAndDestroy()],
])('a connection at rest is taken no more when the instance %s', async (_about, act) => {
  const { accepted, instance, connections, pools, connected } = await startPools();
  const connection = await connected();
  pools.keep(instance, connection);
  act(accepted[0] as Socket);
  await vi.waitFor(() => expect(connection.socket.closed).toBe(true));
  expect(pools.take(instance, user(), true)).toBeUndefined();
  expect(connections.open['HTTP/1.1']).toBe(0);
});

test('a connection is not kept when the instance keeps it for no longer than what is on its way takes', async () => {
  const { instance, pools, connected } = await startPools();
  const connection = await connected();
  connection.keepAliveMs = 1_000;
  pools.keep(instance, connection);
  expect(pools.take(instance, user(), true)).toBeUndefined();
});

test('a connection that has rested for a while is for a request that can be sent again', async () => {
  const { instance, pools, connected } = await startPools();
  const connection = await connected();
  pools.keep(instance, connection);
  connection.restingSince -= 2_000;
  expect(pools.take(instance, user(), false)).toBeUndefined();
  expect(pools.take(instance, user(), true)).toBe(connection);
});

test('a connection that rests for too long is closed', async () => {
  const { instance, pools, connected } = await startPools(20);
  const connection = await connected();
  const closed = once(connection.socket, 'close');
  pools.keep(instance, connection);
  await closed;
  expect(pools.take(instance, user(), true)).toBeUndefined();
});
