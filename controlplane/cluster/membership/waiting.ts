import type { Logger } from 'pino';

/** How often the same reasons are told again, in milliseconds. */
const againMs = 30_000;

/** Tells in the log what a node waits for: when that changes, and from time to time. */
export class Waiting {
  readonly #log: Logger;
  readonly #what: string;
  #told = '';
  #toldAtMs = 0;

  /** @param what "a cluster" */
  constructor(what: string, log: Logger) {
    this.#what = what;
    this.#log = log;
  }

  for(reasons: readonly string[]): void {
    const text = reasons.join('; ');
    if (text === this.#told && performance.now() - this.#toldAtMs < againMs) return;
    this.#told = text;
    this.#toldAtMs = performance.now();
    this.#log.warn(`waiting for ${this.#what}, for as long as it takes: ${text}`);
  }
}
