import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { parseAddress } from '../../proto/channel/address.ts';
import { listenForTest } from '../data-plane.fixture.ts';
import { connectTo } from './connect.ts';
import { UpstreamConnections } from './connections.ts';

test('a connection is counted until it closes, whether it ever stood or not', async () => {
  const connections = new UpstreamConnections();
  const address = await listenForTest(createServer());
  const stands = connections.add('HTTP/2', connectTo(parseAddress(address), 1_000));
  const fails = connections.add('HTTP/1.1', connectTo({ path: '/nonexistent/instance.sock' }, 1_000));
  const failed = new Promise((resolve) => {
    fails.on('error', () => {}).once('close', resolve);
  });
  expect(connections.open).toEqual({ 'HTTP/1.1': 1, 'HTTP/2': 1, WebSocket: 0 });
  await once(stands, 'connect');
  await failed;
  expect(connections.open).toEqual({ 'HTTP/1.1': 0, 'HTTP/2': 1, WebSocket: 0 });
  stands.destroy();
  await once(stands, 'close');
  expect(connections.open).toEqual({ 'HTTP/1.1': 0, 'HTTP/2': 0, WebSocket: 0 });
});
