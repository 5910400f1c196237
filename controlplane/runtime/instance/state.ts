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

/**
 * starting → ready → backing-off → starting …; stopping from each of them, and then no more. One that has ended several
 * times in a row is crash-looping in the place of backing-off.
 */
export type InstanceState =
  | { readonly status: 'starting'; readonly process: InstanceProcess | undefined }
  | { readonly status: 'ready'; readonly process: InstanceProcess; readonly protocol: Protocol }
  | { readonly status: 'backing-off' | 'crash-looping'; readonly process: undefined; readonly reason: string }
  | { readonly status: 'stopping'; readonly process: InstanceProcess | undefined };

/** How a process of an instance ended that nobody had told to. */
export interface InstanceEnd {
  /** "exited with code 1". */
  readonly reason: string;
  readonly unixMs: number;
  /** The last lines that it printed, at most 20. */
  readonly lines: readonly string[];
}

/** An instance as others see it. */
export interface InstanceStatus {
  /** "<node>/<number>". */
  readonly id: string;
  readonly version: string;
  readonly state: InstanceState;
  readonly restarts: number;
  /** Of the process before this one, or of the last when there is none now. */
  readonly lastEnd: InstanceEnd | undefined;
}
