/** Time and chance, as parameters for tests. */
export interface Chance {
  /** Milliseconds that only ever go up. */
  readonly now: () => number;
  /** From 0 up to, but not including, 1. */
  readonly random: () => number;
}

/** Failures in a row for which an instance is set aside that can still be connected to. */
const failuresBeforeSetAside = 5;

/** How long an instance is set aside at first, at most; each failure on trial doubles it. */
const firstSetAsideMs = 1_000;
const longestSetAsideMs = 30_000;

/** How long one call on trial keeps others away, should nothing be heard of it. */
const trialMs = 1_000;

/** What a gateway answers for servers behind it; an instance that is one, or that sheds load, has not served the call. */
const failingStatuses: ReadonlySet<number> = new Set([502, 503, 504]);

/**
 * - `set-aside`  avoided until a time; then waits for a call to be its trial
 * - `on-trial`   one call was let through; others are kept away until a time
 */
interface Suspicion {
  readonly kind: 'set-aside' | 'on-trial';
  readonly untilMs: number;
  /** Times in a row that it was set aside. */
  readonly times: number;
}

/**
 * Sets one instance aside while calls to it fail: at once when it cannot be connected to, else after several failures in
 * a row. When its time is over, one call is let through: if that fails too, the instance is set aside for longer. The
 * first success, of whatever call, ends it all.
 */
export class Failures {
  readonly #chance: Chance;
  #inARow = 0;
  /** Undefined while nothing is held against the instance. */
  #suspicion: Suspicion | undefined;

  constructor(chance: Chance) {
    this.#chance = chance;
  }

  /** Whether calls are better sent elsewhere for now. */
  get isSetAside(): boolean {
    return this.#suspicion !== undefined && this.#chance.now() < this.#suspicion.untilMs;
  }

  /** A call is sent to the instance: its trial, if it waits for one. */
  callBegins(): void {
    if (this.#suspicion === undefined || this.isSetAside) return;
    this.#suspicion = { kind: 'on-trial', untilMs: this.#chance.now() + trialMs, times: this.#suspicion.times };
  }

  callFailed(kind: 'connect' | 'broken'): void {
    this.#inARow += 1;
    // Calls that began before it was set aside, and fail after, must not count as many trials.
    if (this.#suspicion?.kind === 'set-aside') return;
    const isDue = kind === 'connect' || this.#suspicion !== undefined || this.#inARow >= failuresBeforeSetAside;
    if (isDue) this.#setAside((this.#suspicion?.times ?? 0) + 1);
  }

  callAnswered(status: number): void {
    if (failingStatuses.has(status)) {
      this.callFailed('broken');
    } else if (this.#inARow > 0) {
      this.#inARow = 0;
      this.#suspicion = undefined;
    }
  }

  /** For half to all of the time, so that those that failed together do not come back together. */
  #setAside(times: number): void {
    const longestMs = Math.min(firstSetAsideMs * 2 ** (times - 1), longestSetAsideMs);
    const untilMs = this.#chance.now() + longestMs * (1 - this.#chance.random() / 2);
    this.#suspicion = { kind: 'set-aside', untilMs, times };
  }
}
