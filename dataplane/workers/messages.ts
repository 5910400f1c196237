import type { StopOptions } from '../data-plane.ts';
import type { SharedSocket } from '../downstream/shared-socket.ts';
import type { RoutesStatus } from '../routes/subscription.ts';

/** What a worker is to do, told once when it starts. */
export interface Assignment<Settings> {
  /** From 1 on; a worker that is started again has the number of the one before it. */
  readonly number: number;
  /** Bound by the parent for all workers; they have the descriptors since they were started. */
  readonly http: SharedSocket;
  readonly grpc: SharedSocket;
  /** Whatever the program of the worker has to know besides. */
  readonly settings: Settings;
}

/** What a worker is asked for, and what it answers. */
export interface Reports {
  readonly status: RoutesStatus;
  readonly metrics: { readonly text: string };
}

/** From the parent to a worker: `start` first, `stop` last. */
export type ToWorker<Settings> =
  | { readonly kind: 'start'; readonly assignment: Assignment<Settings> }
  | { readonly kind: 'ask'; readonly id: number; readonly about: keyof Reports }
  | { readonly kind: 'stop'; readonly how: StopOptions };

/** From a worker to its parent: `serving` or `failed` first. */
export type FromWorker =
  | { readonly kind: 'serving' }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'answer'; readonly id: number; readonly report: Reports[keyof Reports] };
