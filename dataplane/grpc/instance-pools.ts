import type { Logger } from 'pino';
import type { Deadlines } from '../deadlines.ts';
import type { InstanceState } from '../routes/instance-state.ts';
import type { RoutedInstance } from '../routes/table.ts';
import type { WriteParts } from '../sockets/socket-writer.ts';
import type { UpstreamConnections } from '../upstream/connections.ts';
import type { GrpcBounds } from './bounds.ts';
import { InstanceConnection } from './instance-connection.ts';
import { WaitingCalls } from './waiting-calls.ts';

/** Connections to one instance at most. Beyond the streams that these carry, calls wait for one that ends. */
const mostConnections = 4;

/** Somebody who needs a connection for one call. One of the three is called, once. */
export interface Taker {
  onConnection(connection: InstanceConnection): void;
  /** None could be made. */
  onNoConnection(): void;
  /** The instance has had as many calls as it takes at once for all of `roomMs`. */
  onNoRoom(): void;
}

export interface InstancePoolsOptions extends WriteParts {
  readonly deadlines: Deadlines;
  readonly bounds: GrpcBounds;
  readonly connectMs: number;
  /** How long an instance may be silent when a call was sent to it, in milliseconds. */
  readonly silentMs: number;
  /** How long a call waits for an instance to take it, in milliseconds. */
  readonly roomMs: number;
  /** How long a connection without calls is kept, in milliseconds. */
  readonly idleMs: number;
  /** Where connections are counted. */
  readonly connections: UpstreamConnections;
  readonly log: Logger;
}

/** Connections to HTTP/2 instances. */
export class InstancePools {
  readonly #options: InstancePoolsOptions;
  readonly #pools = new WeakMap<InstanceState, InstancePool>();
  readonly #open = new Set<InstanceConnection>();

  constructor(options: InstancePoolsOptions) {
    this.#options = options;
  }

  /** Gives the taker a connection with room for its call: at once, or when there is one. */
  take(instance: RoutedInstance, taker: Taker): void {
    let pool = this.#pools.get(instance.state);
    if (pool === undefined) {
      pool = new InstancePool(instance, this.#options, this.#open);
      this.#pools.set(instance.state, pool);
    }
    pool.take(taker);
  }

  /** The taker waits no more. */
  leave({ state }: RoutedInstance, taker: Taker): void {
    this.#pools.get(state)?.leave(taker);
  }

  /** Ends all connections, with what is on them. */
  close(): void {
    for (const connection of this.#open) connection.destroy();
  }
}

class InstancePool {
  readonly #instance: RoutedInstance;
  readonly #options: InstancePoolsOptions;
  /** Of all pools. */
  readonly #open: Set<InstanceConnection>;
  #connections: readonly InstanceConnection[] = [];
  readonly #waiting: WaitingCalls;

  constructor(instance: RoutedInstance, options: InstancePoolsOptions, open: Set<InstanceConnection>) {
    this.#instance = instance;
    this.#options = options;
    this.#open = open;
    this.#waiting = new WaitingCalls(options.deadlines, options.roomMs);
  }

  take(taker: Taker): void {
    const connection = this.#leastUsed();
    if (connection) {
      taker.onConnection(connection);
      return;
    }
    this.#waiting.add(taker);
    this.#grow();
  }

  leave(taker: Taker): void {
    this.#waiting.delete(taker);
  }

  /** Of those with room. */
  #leastUsed(): InstanceConnection | undefined {
    let least: InstanceConnection | undefined;
    for (const connection of this.#connections)
      if (connection.hasRoom && (least === undefined || connection.streams.size < least.streams.size))
        least = connection;
    return least;
  }

  #serve(): void {
    for (const taker of this.#waiting) {
      const connection = this.#leastUsed();
      if (connection === undefined) {
        this.#grow();
        return;
      }
      this.#waiting.delete(taker);
      taker.onConnection(connection);
    }
  }

  #grow(): void {
    const isConnecting = this.#connections.some(({ isConnected }) => !isConnected);
    if (!isConnecting && this.#connections.length < mostConnections) this.#connect();
  }

  #connect(): void {
    const { connections, deadlines, bounds, connectMs, silentMs, idleMs } = this.#options;
    const connection = new InstanceConnection({
      address: this.#instance.address,
      parts: this.#options,
      deadlines,
      bounds,
      connectMs,
      silentMs,
      idleMs,
      onConnected: () => this.#serve(),
      onRoom: () => {
        if (this.#waiting.count > 0) this.#serve();
      },
      onUnusable: (error) => this.#forget(connection, error),
    });
    this.#connections = [...this.#connections, connection];
    this.#open.add(connection);
    connections.add('HTTP/2', connection.socket).once('close', () => this.#open.delete(connection));
  }

  #forget(connection: InstanceConnection, error: Error | undefined): void {
    this.#connections = this.#connections.filter((each) => each !== connection);
    if (this.#waiting.count === 0) return;
    if (connection.wasUsed) {
      this.#serve();
      return;
    }
    // Who waits gets the room of those that stand. To try again at once would be to try without end.
    if (this.#connections.length > 0) return;
    const failed = [...this.#waiting];
    for (const taker of failed) this.#waiting.delete(taker);
    const reason = error ?? new Error('the connection was closed before a call could be made on it');
    const { name } = this.#instance;
    this.#options.log.warn({ err: reason, instance: name, calls: failed.length }, 'an instance cannot be reached');
    for (const taker of failed) taker.onNoConnection();
  }
}
