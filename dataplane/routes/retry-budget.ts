/** Calls that earn one retry: retries are at most a fifth of the calls, or 20 %. */
const callsPerRetry = 5;

/** Retries that can be saved up. Bounds the burst when an instance dies under many calls in flight. */
const mostEarned = 1_000;

/** Retries a second that are free, and how many of those can be saved up: a service with few calls needs retries too. */
const freePerSecond = 10;
const mostFree = 100;

/**
 * How many calls to a service may be tried again, so that retries do not multiply the load on a service that fails
 * because of it. A token bucket without timers, after Finagle's RetryBudget
 * (https://twitter.github.io/finagle/guide/Clients.html#retry-budget).
 */
export class RetryBudget {
  readonly #now: () => number;
  /** In calls, so that it stays a whole number. */
  #earned = 0;
  #free = mostFree;
  #filledAtMs: number;

  /** @param now milliseconds that only ever go up */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#filledAtMs = now();
  }

  /** To be called once for each call, before its first try. */
  deposit(): void {
    if (this.#earned < mostEarned * callsPerRetry) this.#earned += 1;
  }

  /** To be called before each further try; without budget (false) the call ends as its last try did. */
  tryWithdraw(): boolean {
    if (this.#earned >= callsPerRetry) {
      this.#earned -= callsPerRetry;
      return true;
    }
    const nowMs = this.#now();
    this.#free = Math.min(mostFree, this.#free + ((nowMs - this.#filledAtMs) / 1_000) * freePerSecond);
    this.#filledAtMs = nowMs;
    if (this.#free < 1) return false;
    this.#free -= 1;
    return true;
  }
}
