import type { Socket } from 'node:net';

/**
 * Holds short writes back until all that came in one turn of the event loop was handled, then lets them go together. A write
 * wakes whoever waits for it, which costs as much as the write: sent one by one, each finds its reader asleep again.
 */
export class WriteBatch {
  #held: Socket[] = [];

  /** What is written to the socket from here on leaves at the end of the turn, in its order. */
  hold(socket: Socket): void {
    if (socket.writableCorked > 0) return;
    socket.cork();
    if (this.#held.push(socket) === 1) setImmediate(this.#letGo);
  }

  readonly #letGo = (): void => {
    const held = this.#held;
    this.#held = [];
    for (const socket of held) socket.uncork();
  };
}
