import type { Socket } from 'node:net';

/**
 * Serves the connections of an entrypoint that speak one protocol. Lanes of one protocol differ in what they can do and
 * in speed; nobody outside can tell otherwise which one served.
 */
export interface Lane {
  /** Takes over a connection, which may be paused; what was read of it has been put back. */
  readonly accept: (socket: Socket) => void;
  /** Ends each connection as soon as nothing is in flight on it. */
  readonly drain: () => void;
}
