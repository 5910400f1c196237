import type { Socket } from 'node:net';

/**
 * Serves the connections of an entrypoint that speak one protocol. Lanes of one protocol differ in what they can do and
 * in speed; nobody outside can tell otherwise which one served.
 *
 * A lane ends in two steps, so that clients and the balancers in front of them can go elsewhere before they have to.
 */
export interface Lane {
  /** Takes over a connection, which may be paused; what was read of it has been put back. */
  readonly accept: (socket: Socket) => void;
  /**
   * From now on tells clients to go elsewhere, and still serves: every answer over HTTP/1.1 is the last on its connection,
   * and connections over HTTP/2 are sent GOAWAY (RFC 9113 section 6.8).
   */
  readonly drain: () => void;
  /** Drains, and ends each connection as soon as nothing is in flight on it. Nothing is accepted after that. */
  readonly closeIdle: () => void;
}
