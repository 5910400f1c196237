import { createServer, type Server as TcpServer } from 'node:net';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { expect, test, vi } from 'vitest';
import { RoutesService } from '../gen/micro/routes/v1/routes.ts';
import { dialRoutes } from './dial.ts';
import { serveRoutes } from './serve.ts';
import type { ConnectionState, RouteSource } from './source.ts';

const source: RouteSource = {
  subscribe(subscriber) {
    const value = { clusterId: 1n, revision: 1n, prefixes: [], services: [] };
    void Promise.resolve(subscriber.apply({ $case: 'snapshot', value })).catch(() => undefined);
    return { close: () => undefined };
  },
};

test('a control plane that was away for long is found soon after its return', async () => {
  const port = await freePort();
  const states: ConnectionState['status'][] = [];
  const subscription = dialRoutes({
    address: { host: '127.0.0.1', port },
    token: 'token',
    backoffMs: { first: 10, last: 100 },
  }).subscribe({
    name: 'test',
    httpAddress: ':8080',
    revision: () => 0n,
    apply: () => undefined,
    connection: ({ status }) => void states.push(status),
  });
  // By itself grpc-js tries at 0 s, 1 s and 2.6 s, and then not before 4.3 s.
  await delay(3_200);
  const server = new Server();
  server.addService(RoutesService, { subscribe: serveRoutes(source), list: () => undefined });
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    );
  });
  await vi.waitFor(() => expect(states).toContain('connected'), { timeout: 900 });
  subscription.close();
  server.forceShutdown();
});

async function freePort(): Promise<number> {
  const server: TcpServer = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
