import type { Bounded, Deadlines } from '../deadlines.ts';
import type { Taker } from './instance-pools.ts';

/** Calls that wait for a connection to an instance with room for them, the longest waiting first. */
export class WaitingCalls implements Bounded {
  readonly #deadlines: Deadlines;
  readonly #longestMs: number;
  /** The deadline of each. */
  readonly #all = new Map<Taker, number>();

  /** @param longestMs that one waits */
  constructor(deadlines: Deadlines, longestMs: number) {
    this.#deadlines = deadlines;
    this.#longestMs = longestMs;
  }

  get count(): number {
    return this.#all.size;
  }

  get deadline(): number {
    for (const deadline of this.#all.values()) return deadline;
    return Number.POSITIVE_INFINITY;
  }

  add(taker: Taker): void {
    if (this.#all.size === 0) this.#deadlines.add(this);
    this.#all.set(taker, this.#deadlines.after(this.#longestMs));
  }

  delete(taker: Taker): void {
    this.#all.delete(taker);
    if (this.#all.size === 0) this.#deadlines.delete(this);
  }

  [Symbol.iterator](): Iterator<Taker> {
    return this.#all.keys();
  }

  onDeadline(): void {
    const due = this.deadline;
    for (const [taker, deadline] of this.#all) {
      if (deadline > due) return;
      this.delete(taker);
      taker.onNoRoom();
    }
  }
}
