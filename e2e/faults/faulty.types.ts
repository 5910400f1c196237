/**
 * How an instance answers:
 *
 * - `none`           with `whole`
 * - `refuse`         not at all: it listens no more, and its connections end
 * - `reset-in-head`  with the beginning of a head, and a reset
 * - `reset-in-body`  with a head and the beginning of the body, and a reset
 * - `garbage`        with what is no HTTP
 */
export type Fault = 'none' | 'refuse' | 'reset-in-head' | 'reset-in-body' | 'garbage';

/** What an instance is told: how to answer from now on, to tell how it does, or to answer the requests for `/hold`. */
export type Order = Fault | 'report' | 'release';

/** How an instance does. It reports when it listens, and when it has done what it was told. */
export interface Report {
  readonly port: number;
  /** Requests that were answered whole. */
  readonly served: number;
  readonly inFlight: number;
  readonly held: number;
  readonly connections: number;
}

/** The body of every answer without a fault. */
export const whole = 'all is well\n'.repeat(100);
