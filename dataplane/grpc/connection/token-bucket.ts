/** How much of something a peer may do: so many at once, and so many more a second. */
export interface Allowance {
  readonly burst: number;
  readonly perSecond: number;
}

/** Counts what a peer does against its allowance. The time is asked for only once the burst is used up. */
export class TokenBucket {
  readonly #allowance: Allowance;
  #tokens: number;
  #filledAtMs = performance.now();

  constructor(allowance: Allowance) {
    this.#allowance = allowance;
    this.#tokens = allowance.burst;
  }

  /** @returns false when that is too much */
  take(): boolean {
    if (this.#tokens < 1) this.#fill();
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  #fill(): void {
    const nowMs = performance.now();
    const { burst, perSecond } = this.#allowance;
    this.#tokens = Math.min(burst, this.#tokens + ((nowMs - this.#filledAtMs) / 1_000) * perSecond);
    this.#filledAtMs = nowMs;
  }
}
