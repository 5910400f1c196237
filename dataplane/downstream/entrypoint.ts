import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { TcpAddress } from '../../proto/channel/address.ts';
import type { EntrypointName } from '../errors.ts';
import { Arrivals } from './arrivals.ts';
import type { Lane } from './lane.types.ts';
import { listenError } from './listen-error.ts';
import type { SharedSocket } from './shared-socket.ts';

export interface EntrypointOptions {
  readonly name: EntrypointName;
  /** An empty host is every interface, port 0 any free one; or a socket that other processes listen on too. */
  readonly address: TcpAddress | SharedSocket;
  readonly lane: Lane;
  /** How long what is in flight may go on after `stop`, in milliseconds. */
  readonly drainMs: number;
}

export interface Entrypoint {
  /** With the port that was free. */
  readonly address: TcpAddress;
  readonly openConnections: () => number;
  /**
   * Begins to accept from a socket that other processes listen on too; on an address of its own it has since the start.
   *
   * @throws DataPlaneError `address-in-use` or `cannot-listen`
   */
  accept(): Promise<void>;
  /** Tells clients to go elsewhere, and still accepts and serves. */
  drain(): void;
  /** Accepts nothing more, waits at most `drainMs` for what is in flight, then ends it. The same however often called. */
  stop(): Promise<void>;
}

/** Keep-alive, so that the WebSockets and streams of clients that went away without a word end (tcp(7)). */
const socketOptions = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 };

/**
 * Listens, and gives each connection to the lane. On a shared socket it listens from `accept` on.
 *
 * @throws DataPlaneError `address-in-use` or `cannot-listen`
 */
export async function startEntrypoint({ name, address, lane, drainMs }: EntrypointOptions): Promise<Entrypoint> {
  const sockets = new Set<Socket>();
  // Half-open, as `node:http` listens: a client that has sent its last request still waits for the answer.
  const server = createServer({ ...socketOptions, allowHalfOpen: true, pauseOnConnect: true }, (accepted) =>
    arrivals.add(accepted),
  );
  const arrivals = new Arrivals((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    lane.accept(socket);
  });
  const isShared = 'fd' in address;
  const port = isShared ? address.port : await listen(server, name, address);
  let stopped: Promise<void> | undefined;

  async function stop(): Promise<void> {
    const closed = new Promise((resolve) => {
      server.close(resolve);
    });
    lane.closeIdle();
    const deadline = setTimeout(() => {
      for (const socket of sockets) socket.destroy();
    }, drainMs);
    await closed;
    clearTimeout(deadline);
  }

  return {
    address: { host: address.host, port },
    openConnections: () => sockets.size,
    async accept() {
      if (isShared) await listen(server, name, address);
    },
    drain: () => lane.drain(),
    stop: () => (stopped ??= stop()),
  };
}

function listen(server: Server, name: EntrypointName, address: TcpAddress | SharedSocket): Promise<number> {
  const { host, port } = address;
  const where = 'fd' in address ? { fd: address.fd } : { port, ...(host === '' ? {} : { host }) };
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(name, address, error)));
    server.listen(where, () => resolve((server.address() as AddressInfo).port));
  });
}
