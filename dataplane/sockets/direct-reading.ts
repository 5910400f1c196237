import type { OnReadOpts } from 'node:net';
import type { Buffers } from './buffers.ts';
import { kReadBytesOrError, type StreamHandle, streamBaseState } from './stream-handle.ts';

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
  readonly #read: Reader;
  #own: Buffer | undefined;
  /** Whether all that was read into its own buffer has left, and the next reading is the last one into it. */
  #isDone = false;
  #isFree = true;
  #handle: StreamHandle | undefined;
  #onread: StreamHandle['onread'] | undefined;
  /** For `net.Socket`. */
  readonly onread: OnReadOpts;

  constructor(buffers: Buffers, read: Reader) {
    this.#buffers = buffers;
    this.#read = read;
    this.onread = {
      buffer: () => this.#next(),
      callback: (length, bytes) => {
        const buffer = bytes as Buffer;
        const isShared = buffer !== this.#own || this.#isDone;
        const goesOn = read(buffer, length, isShared);
        if (length === buffer.length && isShared) this.#own ??= this.#buffers.lend();
        return goesOn !== false;
      },
    };
  }

  /**
   * Hands what fits into the shared buffer on without what Node's `net` does about it: timeouts, and asking where to read
   * next. To be called once the handle is a connected socket's.
   */
  shortCut(handle: StreamHandle): void {
    const { onread } = handle;
    this.#handle = handle;
    this.#onread = onread;
    const { shared } = this.#buffers;
    handle.onread = (bytes) => {
      const length = streamBaseState[kReadBytesOrError] as number;
      if (length <= 0 || length === shared.length || this.#own) return onread.call(handle, bytes);
      this.#read(shared, length, true);
      this.#isDone = false;
      this.#isFree = true;
      return undefined;
    };
  }

  /** Undoes `shortCut`. */
  goTheLongWay(): void {
    if (this.#handle && this.#onread) this.#handle.onread = this.#onread;
  }

  /**
   * Reads into the shared buffer again after the next reading: that is of something else.
   *
   * @param isFree whether all that was read has left
   */
  share(isFree: boolean): void {
    this.#isDone = true;
    this.#isFree &&= isFree;
  }

  /** The socket is closed. */
  close(): void {
    if (this.#own) this.#buffers.takeBack(this.#own, false);
    this.#own = undefined;
  }

  /** Where to read next: asked for after each reading, so what was told before is not read into any more. */
  #next(): Buffer {
    if (this.#own && this.#isDone) {
      this.#buffers.takeBack(this.#own, this.#isFree);
      this.#own = undefined;
    }
    this.#isDone = false;
    this.#isFree = true;
    return this.#own ?? this.#buffers.shared;
  }
}
