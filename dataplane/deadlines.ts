/** Something that may not go on for longer than until its deadline. */
export interface Bounded {
  /** As `Deadlines.after` says; infinite while nothing is waited for. */
  readonly deadline: number;
  /** Called once the deadline has passed, until it is set to another. */
  onDeadline(): void;
}

const longestSweepMs = 500;

/**
 * Ends what is past its deadline. One timer looks at all of them now and then: a timer for each would be set and cleared
 * several times for every request. What is waited for is given up at its time, or up to three sweeps later; there is one
 * every eighth of the shortest wait, or every 500 ms.
 *
 * A wait is as much longer as the event loop was blocked for: what came in the meantime could not be read.
 */
export class Deadlines {
  readonly #all = new Set<Bounded>();
  readonly #timer: NodeJS.Timeout;
  readonly #sweepMs: number;
  /** When the last sweep was: to ask for the time is what a deadline would cost most. */
  #sweptAt = performance.now();
  /** For how long, all in all, sweeps were overdue by more than one. */
  #blockedMs = 0;

  /** @param shortestMs the shortest wait there is */
  constructor(shortestMs: number) {
    this.#sweepMs = Math.max(1, Math.min(shortestMs / 8, longestSweepMs));
    this.#timer = setInterval(() => this.#sweep(), this.#sweepMs).unref();
  }

  /** When the last sweep was, by `performance.now()`. */
  get now(): number {
    return this.#sweptAt;
  }

  /** The deadline of something that begins now, and so at most two sweeps after the last one. */
  after(ms: number): number {
    return this.#sweptAt - this.#blockedMs + 2 * this.#sweepMs + ms;
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
    this.#blockedMs += Math.max(0, now - this.#sweptAt - 2 * this.#sweepMs);
    this.#sweptAt = now;
    for (const bounded of this.#all) if (now - this.#blockedMs >= bounded.deadline) bounded.onDeadline();
  }
}
