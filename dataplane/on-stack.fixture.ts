import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { formatAddress, type TcpAddress } from '../proto/channel/address.ts';
import type { RouteSource } from '../proto/routes/source.ts';
import { type DataPlane, type DataPlaneOptions, startDataPlane } from './data-plane.ts';

/** A port of the operating system's choice, on the loopback. */
const anyPort: TcpAddress = { host: '127.0.0.1', port: 0 };

/** The log of a data plane under test, which nobody reads. */
export const silent = pino({ level: 'silent' });

/** A data plane that is stopped with the stack. */
export async function dataPlaneOn(
  stack: AsyncDisposableStack,
  routes: RouteSource,
  options: Partial<DataPlaneOptions> = {},
): Promise<DataPlane & { readonly admin: TcpAddress }> {
  const folder = stack.adopt(await mkdtemp(join(tmpdir(), 'micro-data-plane-')), (path) =>
    rm(path, { recursive: true }),
  );
  const dataPlane = await startDataPlane({
    name: 'test',
    routes,
    http: anyPort,
    grpc: anyPort,
    lastGoodFile: join(folder, 'routes.last-good'),
    log: silent,
    ...options,
    admin: options.admin ?? anyPort,
    timeouts: { drainGraceMs: 0, drainMs: 100, ...options.timeouts },
  });
  return stack.adopt(dataPlane as DataPlane & { readonly admin: TcpAddress }, (plane) => plane.stop());
}

interface Listening {
  listen(port: number, host: string, listening: () => void): unknown;
  address(): AddressInfo | string | null;
  close(): unknown;
  on(event: 'connection', listener: (socket: Socket) => void): unknown;
}

/** Listens as long as the stack lives. Returns the address. */
export async function listenOn(stack: AsyncDisposableStack, server: Listening): Promise<string> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  stack.defer(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return formatAddress({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
}

/** A raw connection, for what no HTTP client would send. Closed with the stack. */
export function connectOn(stack: AsyncDisposableStack, { host, port }: TcpAddress): Socket {
  return stack.adopt(connect({ host, port }), (socket) => void socket.destroy());
}
