import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, test, vi } from 'vitest';
import { dialRoutes } from './dial.ts';

test('a control plane that is away is tried again as often as the back-off says', async () => {
  let attempts = 0;
  const server = createServer((socket) => {
    attempts += 1;
    socket.destroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const subscription = dialRoutes({
    address: { host: '127.0.0.1', port },
    token: 'token',
    backoffMs: { first: 10, last: 100 },
  }).subscribe({
    name: 'test',
    httpAddress: ':8080',
    revision: () => 0n,
    apply: () => undefined,
    draining: () => new Set(),
    connection: () => undefined,
  });
  // By its own back-off grpc-js would need half a minute for as many.
  await vi.waitFor(() => expect(attempts).toBeGreaterThanOrEqual(7), { timeout: 15_000 });
  subscription.close();
  server.close();
});
