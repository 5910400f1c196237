import type { Socket } from 'node:net';

/** How long a connection waits at most for those that come with it, in milliseconds. */
const longestWaitMs = 10;

/**
 * Holds new connections for as long as more are coming in, turn by turn of the event loop. Node accepts one a turn: were
 * those that are there read from meanwhile, each of many that arrive at once would wait for a turn of work of all before
 * it, so that the last of 256 would be answered after a second.
 */
export class Arrivals {
  readonly #accept: (socket: Socket) => void;
  #held: Socket[] = [];
  #since = 0;
  #heldBefore = 0;

  constructor(accept: (socket: Socket) => void) {
    this.#accept = accept;
  }

  add(socket: Socket): void {
    if (this.#held.push(socket) > 1) return;
    this.#since = performance.now();
    this.#heldBefore = 0;
    setImmediate(this.#look);
  }

  readonly #look = (): void => {
    const isOver = this.#held.length === this.#heldBefore || performance.now() - this.#since > longestWaitMs;
    if (!isOver) {
      this.#heldBefore = this.#held.length;
      setImmediate(this.#look);
      return;
    }
    const arrived = this.#held;
    this.#held = [];
    for (const socket of arrived) this.#accept(socket);
  };
}
