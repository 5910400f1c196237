import type { Protocol } from './probe.ts';

/** The process of an instance, while there is one. */
export interface InstanceProcess {
  readonly pid: number;
  /** "host:port". */
  readonly address: string;
  readonly startedUnixMs: number;
  /** When it started, in clock ticks since boot. */
  readonly startTicks: number | undefined;
}

/** starting → ready → backing-off → starting …; stopping from each of them, and then no more. */
export type InstanceState =
  | { readonly status: 'starting'; readonly process: InstanceProcess | undefined }
  | { readonly status: 'ready'; readonly process: InstanceProcess; readonly protocol: Protocol }
  | { readonly status: 'backing-off'; readonly process: undefined; readonly reason: string }
  | { readonly status: 'stopping'; readonly process: InstanceProcess | undefined };

/** An instance as others see it. */
export interface InstanceStatus {
  /** "<node>/<number>". */
  readonly id: string;
  readonly version: string;
  readonly state: InstanceState;
  readonly restarts: number;
}
