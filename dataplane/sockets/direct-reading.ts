import type { OnReadOpts } from 'node:net';
import type { Buffers } from './buffers.ts';

/**
 * What a socket read: `bytes` up to `length`. They are good until the reader returns where the buffer is shared, and until
 * the socket reads on where it has a buffer of its own.
 *
 * @returns false to read no more until the socket's stream asks for it
 */
export type Reader = (bytes: Buffer, length: number, isShared: boolean) => void | false;

/**
 * Reading without a stream in between, into buffers that are used again: to allocate one for every reading, as streams do,
 * costs more than to read it. Who fills the shared buffer has a lot to say, and gets one of its own for the next reading:
 * what was read can then be written elsewhere without being copied, as long as nothing is read until it has left.
 */
export class DirectReading {
  readonly #buffers: Buffers;
  #own: Buffer | undefined;
  /** For `net.Socket`. */
  readonly onread: OnReadOpts;

  constructor(buffers: Buffers, read: Reader) {
    this.#buffers = buffers;
    this.onread = {
      buffer: () => this.#own ?? buffers.shared,
      callback: (length, bytes) => {
        const buffer = bytes as Buffer;
        const goesOn = read(buffer, length, buffer !== this.#own);
        if (length === buffer.length) this.#own ??= buffers.take();
        return goesOn !== false;
      },
    };
  }

  /**
   * Reads into the shared buffer again: what is read next is something else.
   *
   * @param isFree whether all that was read has left
   */
  share(isFree: boolean): void {
    if (this.#own && isFree) this.#buffers.giveBack(this.#own);
    this.#own = undefined;
  }
}
