import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A TCP link to a store that can be cut, or moved to another store, while the store goes on. */
export interface Link {
  /** "127.0.0.1:port", the near end. */
  readonly host: string;
  /** Resets every connection, and new ones until `restore`. */
  cut(): void;
  restore(): void;
  /** Where connections lead from now on: "host:port". */
  moveTo(target: string): void;
  stop(): Promise<void>;
}

export async function startLink(target: string): Promise<Link> {
  let far = target;
  const sockets = new Set<Socket>();
  let whole = true;
  const server = createServer((near) => {
    if (!whole) {
      near.resetAndDestroy();
      return;
    }
    const { hostname, port } = new URL(`tcp://${far}`);
    const onward = connect(Number(port), hostname);
    for (const [socket, other] of [
      [near, onward],
      [onward, near],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = (): void => {
    whole = false;
    for (const socket of sockets) socket.resetAndDestroy();
  };
  return {
    host: `127.0.0.1:${portOf(server.address())}`,
    cut,
    restore: () => {
      whole = true;
    },
    moveTo: (other) => {
      far = other;
    },
    stop: async () => {
      cut();
      await once(server.close(), 'close');
    },
  };
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('not a TCP server');
  return address.port;
}
