import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { formatAddress, type TcpAddress } from '../../proto/channel/address.ts';
import { DataPlaneError, type EntrypointName } from '../errors.ts';
import type { Lane } from './lane.types.ts';

export interface EntrypointOptions {
  readonly name: EntrypointName;
  /** An empty host is every interface, port 0 any free one. */
  readonly address: TcpAddress;
  readonly lane: Lane;
  /** How long what is in flight may go on after `stop`, in milliseconds. */
  readonly drainMs: number;
}

export interface Entrypoint {
  /** With the port that was free. */
  readonly address: TcpAddress;
  readonly openConnections: () => number;
  /** Accepts nothing more, waits at most `drainMs` for what is in flight, then ends it. The same however often called. */
  stop(): Promise<void>;
}

/** Keep-alive, so that the WebSockets and streams of clients that went away without a word end (tcp(7)). */
const socketOptions = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 };

/**
 * Listens, and gives each connection to the lane.
 *
 * @throws DataPlaneError `address-in-use` or `cannot-listen`
 */
export async function startEntrypoint({ name, address, lane, drainMs }: EntrypointOptions): Promise<Entrypoint> {
  const sockets = new Set<Socket>();
  // Half-open, as `node:http` listens: a client that has sent its last request still waits for the answer.
  const server = createServer({ ...socketOptions, allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    lane.accept(socket);
  });
  const port = await listen(server, name, address);
  let stopped: Promise<void> | undefined;

  async function stop(): Promise<void> {
    const closed = new Promise((resolve) => {
      server.close(resolve);
    });
    lane.drain();
    const deadline = setTimeout(() => {
      for (const socket of sockets) socket.destroy();
    }, drainMs);
    await closed;
    clearTimeout(deadline);
  }

  return {
    address: { host: address.host, port },
    openConnections: () => sockets.size,
    stop: () => (stopped ??= stop()),
  };
}

function listen(server: Server, name: EntrypointName, address: TcpAddress): Promise<number> {
  const { host, port } = address;
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(name, address, error)));
    server.listen({ port, ...(host === '' ? {} : { host }) }, () => resolve((server.address() as AddressInfo).port));
  });
}

function listenError(entrypoint: EntrypointName, address: TcpAddress, cause: NodeJS.ErrnoException): DataPlaneError {
  const start = `the ${entrypoint} entrypoint cannot listen on ${formatAddress(address)}`;
  if (cause.code === 'EADDRINUSE') {
    return new DataPlaneError('address-in-use', `${start}: another program does; choose another address`, {
      entrypoint,
      cause,
    });
  }
  return new DataPlaneError('cannot-listen', `${start}: ${cause.message}; choose another address`, {
    entrypoint,
    cause,
  });
}
