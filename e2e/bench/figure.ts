/** What one contender did in one respect. */
export interface Figure {
  /** "start to /readyz" */
  readonly name: string;
  readonly contender: string;
  /** "ms", "MB", "per second" */
  readonly unit: string;
  /** In the order in which they were taken. */
  readonly samples: readonly number[];
  /** What the median has to be. Each is told of on its own. */
  readonly targets?: readonly Target[];
  /** How busy the cores were meanwhile: tells whether the contender was what limited the figure, or what drove it. */
  readonly busy?: readonly Busy[];
}

/** So many of the figure's unit; or so many times the median of another contender. */
export type Target =
  | { readonly atMost: number }
  | { readonly atMostTimes: number; readonly of: string }
  | { readonly atLeastTimes: number; readonly of: string };

/** Shares of the time, 0 to 1, that two cores worked. */
export interface Busy {
  /** The core of the contender. */
  readonly proxy: number;
  /** The core of those who send to it and answer it. */
  readonly load: number;
}

export function median(samples: readonly number[]): number {
  if (samples.length === 0) throw new RangeError('no samples, no median');
  const sorted = samples.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}
