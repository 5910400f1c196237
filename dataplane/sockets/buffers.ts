/** Large enough that a body costs few readings and writes, small enough for the processor's second cache. */
const bufferBytes = 256 * 1024;

/** Buffers that are kept for whoever needs one next; more are left to the garbage collector. */
const mostSpare = 16;

/** Sockets that have a buffer of their own to read into: beyond that they share, and what they read is copied. */
const mostLent = 256;

/**
 * Buffers that sockets read into and write from. They are used again: to allocate one for each message, and to collect it,
 * costs more than to fill it.
 */
export class Buffers {
  /** For all sockets to read into: each hands on what it read before another one reads. */
  readonly shared = Buffer.allocUnsafeSlow(bufferBytes);
  readonly #spare: Buffer[] = [];
  #lent = 0;

  /** A buffer of at least so many bytes to write from. */
  take(bytes: number): Buffer {
    return (
      (bytes <= bufferBytes ? this.#spare.pop() : undefined) ?? Buffer.allocUnsafeSlow(Math.max(bytes, bufferBytes))
    );
  }

  /** To be called when nothing in it is needed any more. */
  giveBack(buffer: Buffer): void {
    if (this.#spare.length < mostSpare) this.#spare.push(buffer);
  }

  /** A buffer for one socket alone to read into; undefined where too many have one. */
  lend(): Buffer | undefined {
    if (this.#lent === mostLent) return undefined;
    this.#lent += 1;
    return this.take(bufferBytes);
  }

  /** @param isFree whether nothing in it is needed any more; otherwise it is left to whoever needs it */
  takeBack(buffer: Buffer, isFree: boolean): void {
    this.#lent -= 1;
    if (isFree) this.giveBack(buffer);
  }
}
