/** Durations counted by how long they were: a histogram's numbers, without what it costs to find them by labels. */
export class Durations {
  /** Upper bounds of the buckets, ascending, in seconds. */
  readonly bounds: readonly number[];
  /** For each bucket what fell into it alone; the last is for all above the bounds. */
  readonly counts: number[];
  /** In seconds. */
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = Array.from({ length: bounds.length + 1 }, () => 0);
  }

  add(seconds: number): void {
    const { bounds, counts } = this;
    let bucket = 0;
    // Nearly every call is in one of the first few.
    while (bucket < bounds.length && seconds > (bounds[bucket] as number)) bucket += 1;
    counts[bucket] = (counts[bucket] as number) + 1;
    this.sum += seconds;
  }

  get count(): number {
    return this.counts.reduce((total, count) => total + count, 0);
  }
}
