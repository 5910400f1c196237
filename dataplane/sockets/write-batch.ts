/** Something that holds back what is written to it. */
export interface Held {
  /** Lets it go. */
  release(): void;
}

/**
 * Holds short writes back until all that came in one turn of the event loop was handled, then lets them go together. A write
 * wakes whoever waits for it, which costs as much as the write: sent one by one, each finds its reader asleep again.
 */
export class WriteBatch {
  #held: Held[] = [];

  /** What is held is released at the end of the turn, in this order. */
  add(held: Held): void {
    if (this.#held.push(held) === 1) setImmediate(this.#release);
  }

  readonly #release = (): void => {
    const held = this.#held;
    this.#held = [];
    for (const each of held) each.release();
  };
}
