import type { InstanceState } from '../../routes/instance-state.ts';
import type { RoutedInstance } from '../../routes/table.ts';
import type { WriteParts } from '../../sockets/socket-writer.ts';
import type { UpstreamConnections } from '../../upstream/connections.ts';
import { Deadlines } from '../../deadlines.ts';
import { UpstreamConnection, type UpstreamUser } from './upstream-connection.ts';

export interface UpstreamPoolsOptions extends WriteParts {
  readonly connectMs: number;
  /** How long a connection may rest, in milliseconds; less where the instance says so. */
  readonly idleMs: number;
  readonly connections: UpstreamConnections;
}

/** Less than an instance says that it keeps a connection, for what is on its way meanwhile. */
const keepAliveMarginMs = 1_000;

/**
 * How long a connection may have rested, in milliseconds, to be trusted with a request that cannot be sent again: longer
 * ago, the instance may just be closing it.
 */
const trustedRestMs = 1_000;

/** Kept connections to HTTP/1.1 instances. */
export class UpstreamPools {
  readonly #options: UpstreamPoolsOptions;
  readonly #deadlines: Deadlines;
  readonly #open = new Set<UpstreamConnection>();
  /** By instance, the one that rested last at the end. */
  readonly #resting = new WeakMap<InstanceState, UpstreamConnection[]>();

  constructor(options: UpstreamPoolsOptions) {
    this.#options = options;
    this.#deadlines = new Deadlines(Math.min(options.connectMs, options.idleMs));
  }

  /**
   * A kept connection; undefined where there is none.
   *
   * @param canBeSentAgain whether the request can, should the instance close the connection right now
   */
  take({ state }: RoutedInstance, user: UpstreamUser, canBeSentAgain: boolean): UpstreamConnection | undefined {
    const resting = this.#resting.get(state);
    if (resting === undefined) return undefined;
    for (let connection = resting.pop(); connection !== undefined; connection = resting.pop()) {
      if (!connection.isUsable) continue;
      if (!canBeSentAgain && this.#deadlines.now - connection.restingSince > trustedRestMs) {
        resting.push(connection);
        return undefined;
      }
      connection.deadline = Number.POSITIVE_INFINITY;
      connection.give(user);
      return connection;
    }
    return undefined;
  }

  /** Begins to make a new one. */
  connect({ address, state }: RoutedInstance, user: UpstreamUser): UpstreamConnection {
    const connection = new UpstreamConnection({
      address,
      connectBy: this.#deadlines.after(this.#options.connectMs),
      parts: this.#options,
      user,
      onClose: (closed) => {
        this.#open.delete(closed);
        this.#deadlines.delete(closed);
        const resting = this.#resting.get(state);
        const at = resting?.indexOf(closed) ?? -1;
        if (at >= 0) resting?.splice(at, 1);
      },
    });
    this.#options.connections.add('HTTP/1.1', connection.socket);
    this.#open.add(connection);
    this.#deadlines.add(connection);
    return connection;
  }

  /** Keeps a connection whose answer is whole for the next request. */
  keep({ state }: RoutedInstance, connection: UpstreamConnection): void {
    const restMs = Math.min(this.#options.idleMs, connection.keepAliveMs - keepAliveMarginMs);
    if (!connection.isUsable || restMs <= 0) {
      connection.discard();
      return;
    }
    connection.wasUsed = true;
    connection.restingSince = this.#deadlines.now;
    connection.deadline = this.#deadlines.after(restMs);
    connection.give(undefined);
    const resting = this.#resting.get(state);
    if (resting) resting.push(connection);
    else this.#resting.set(state, [connection]);
  }

  close(): void {
    this.#deadlines.close();
    for (const connection of this.#open) connection.discard();
  }
}
