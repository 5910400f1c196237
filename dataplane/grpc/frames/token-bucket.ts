import type { Allowance } from '../bounds.ts';

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

  /** The peer was given a reason to do so many more. */
  give(tokens: number): void {
    this.#tokens = Math.min(this.#allowance.burst, this.#tokens + tokens);
  }

  #fill(): void {
    const nowMs = performance.now();
    const { burst, perSecond } = this.#allowance;
    this.#tokens = Math.min(burst, this.#tokens + ((nowMs - this.#filledAtMs) / 1_000) * perSecond);
    this.#filledAtMs = nowMs;
  }
}
