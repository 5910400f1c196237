import type { Delta, Snapshot } from '../gen/micro/routes/v1/routes.ts';

/**
 * Where a data plane gets its route table from: a control plane in the same process, or one at the other end of a
 * gRPC stream. Both behave as `source.contract.ts` says.
 */
export interface RouteSource {
  /** Starts to keep one subscriber up to date; never throws, a source that is away is tried again until `close`. */
  subscribe(subscriber: RouteSubscriber): RouteSubscription;
}

export interface RouteSubscriber {
  /** Name of the data plane, for people to read. */
  readonly name: string;
  /** Where the `http` entrypoint listens ("host:port", ":port" for every interface); clients make URLs from it. */
  readonly httpAddress: string;
  /** Whether it speaks TLS there; `false` by default. */
  readonly httpUsesTls?: boolean;
  /** Revision of the table that is served now; 0n when there is none. */
  revision(): bigint;
  /**
   * Serves from the updated table before it returns (or resolves): that is its ack. To refuse the update and keep the
   * present table it throws (or rejects): the error's message is the reason that the control plane shows. It is not
   * called again before the last call is answered; what changes meanwhile is merged into the next update.
   */
  apply(update: RouteUpdate): void | Promise<void>;
  /** Addresses that are in no service of the table that is served now, and still have calls in flight. */
  draining(): ReadonlySet<string>;
  /** Called whenever the source is found (`connected`) or lost (`disconnected`, with why). */
  connection(state: ConnectionState): void;
}

/** The first update after each connection is a snapshot; what follows are deltas, or a snapshot again after a refusal. */
export type RouteUpdate =
  | { readonly $case: 'snapshot'; readonly value: Snapshot }
  | { readonly $case: 'delta'; readonly value: Delta };

export type ConnectionState =
  | { readonly status: 'connected' }
  | { readonly status: 'disconnected'; readonly reason: string };

export interface RouteSubscription {
  /** To be called when an address is no longer one of `draining`, as its last call in flight has ended. */
  drained(address: string): void;
  /**
   * No call of the subscriber begins after this returns.
   *
   * @param how `lost` when only the way to the data plane is known to be gone: it may be back soon, with the same calls
   *   in flight. Default `left`.
   */
  close(how?: 'left' | 'lost'): void;
}
