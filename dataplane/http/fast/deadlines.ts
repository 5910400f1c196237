/** Something that may not go on for longer than until its deadline. */
export interface Bounded {
  /** On the clock of `performance.now()`, in milliseconds; infinite while nothing is waited for. */
  readonly deadline: number;
  /** Called once the deadline has passed, until it is set to another. */
  onDeadline(): void;
}

const longestSweepMs = 500;

/**
 * Ends what is past its deadline. One timer looks at all of them now and then: a timer for each would be set and cleared
 * several times for every request. A deadline is kept to within an eighth of the shortest wait, or 500 ms.
 */
export class Deadlines {
  readonly #all = new Set<Bounded>();
  readonly #timer: NodeJS.Timeout;

  /** @param shortestMs the shortest wait there is */
  constructor(shortestMs: number) {
    const sweepMs = Math.max(1, Math.min(shortestMs / 8, longestSweepMs));
    this.#timer = setInterval(() => this.#sweep(), sweepMs).unref();
  }

  add(bounded: Bounded): void {
    this.#all.add(bounded);
  }

  delete(bounded: Bounded): void {
    this.#all.delete(bounded);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #sweep(): void {
    const now = performance.now();
    for (const bounded of this.#all) if (now >= bounded.deadline) bounded.onDeadline();
  }
}
