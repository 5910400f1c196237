/** What one contender did in one respect. */
export interface Figure {
  /** "start to /readyz" */
  readonly name: string;
  readonly contender: string;
  /** "ms", "MB", "per second" */
  readonly unit: string;
  /** In the order in which they were taken. */
  readonly samples: readonly number[];
  readonly target?: Target;
}

/** What the median must be at most: so many times the baseline, or so many of its unit. */
type Target = { readonly atMost: number } | { readonly atMostTimes: number };

export function median(samples: readonly number[]): number {
  if (samples.length === 0) throw new RangeError('no samples, no median');
  const sorted = samples.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}
