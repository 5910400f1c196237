import type { LogLine } from './line.ts';

/** Lines that may wait for a slow reader. */
const longestQueue = 10_000;

/** Hands on lines to one reader as they come. When the reader is too slow the oldest are left out, and it is told so. */
export class Follower {
  readonly #queue: LogLine[] = [];
  #leftOut = 0;
  #wake: () => void = () => undefined;

  push(lines: readonly LogLine[]): void {
    for (const line of lines) this.#queue.push(line);
    this.#leftOut += this.#queue.splice(0, this.#queue.length - longestQueue).length;
    this.#wake();
  }

  /** Ends when `signal` is aborted. */
  async *lines(signal: AbortSignal): AsyncGenerator<LogLine> {
    signal.addEventListener('abort', () => this.#wake(), { once: true });
    while (!signal.aborted) {
      const line = this.#queue.shift();
      if (line === undefined) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        continue;
      }
      if (this.#leftOut > 0) {
        yield { ...line, stream: 'stderr', text: `(${this.#leftOut} lines are left out here: they came too fast)` };
        this.#leftOut = 0;
      }
      yield line;
    }
  }
}
