import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Buffers } from './buffers.ts';
import { writeDirectly } from './direct-writing.ts';
import { handleOf } from './stream-handle.ts';
import type { Held, WriteBatch } from './write-batch.ts';

/** Some bytes of a buffer. */
export interface Part {
  readonly buffer: Buffer;
  readonly from: number;
  readonly to: number;
  /**
   * Whether the buffer will be overwritten as soon as the present event was handled; otherwise it is not as long as its
   * socket is not read from.
   */
  readonly isShared: boolean;
}

/** What all writers share. */
export interface WriteParts {
  readonly buffers: Buffers;
  readonly batch: WriteBatch;
}

/** Up to this many bytes Node writes a string without allocating for it (StreamBase::WriteString). */
const maxTextBytes = 16 * 1024;

/**
 * Writes to a socket, directly as long as the kernel takes all of it, and otherwise through the socket's stream. Text is held
 * until the end of the turn.
 *
 * What writes answers whether more may be written now; otherwise nothing more is to be read before the socket emits
 * `drain`.
 */
export class SocketWriter implements Held {
  readonly #socket: Socket;
  readonly #parts: WriteParts;
  /** Whether nothing lies between it and the kernel. */
  readonly #isPlain: boolean;
  #held = '';
  /** Whether the kernel did not take all that was written directly. */
  #isBehind = false;

  constructor(socket: Socket, parts: WriteParts) {
    this.#socket = socket;
    this.#isPlain = !(socket instanceof TLSSocket);
    this.#parts = parts;
  }

  /** Whether all that was written has left. */
  get isDone(): boolean {
    return this.#held === '' && !this.#isBehind && this.#socket.writableLength === 0;
  }

  /** @param text of characters up to U+00FF, as latin1 */
  text(text: string): boolean {
    if (this.#isBehind || this.#socket.writableLength > 0 || text.length > maxTextBytes) {
      this.release();
      return this.#write(text);
    }
    if (this.#held.length + text.length > maxTextBytes) this.release();
    if (this.#held === '') {
      this.#held = text;
      this.#parts.batch.add(this);
    } else this.#held += text;
    return true;
  }

  /** @param bytes not overwritten before they have left */
  bytes(bytes: Uint8Array): boolean {
    this.release();
    return this.#write(bytes);
  }

  /** Writes bytes with text around them, in one go: the kernel's part of a write costs more than all of ours. */
  around(before: string, { buffer, from, to, isShared }: Part, after: string): boolean {
    const length = before.length + (to - from) + after.length;
    if (length === 0) return true;
    const socket = this.#socket;
    // A write of less might leave bytes behind without asking for a pause, in which they would be overwritten.
    const canStay = !isShared && length === to - from && length >= socket.writableHighWaterMark;
    // What the kernel took at once needs no waiting for, however much it was.
    if (canStay) return this.bytes(buffer.subarray(from, to)) || this.isDone;
    if (length <= maxTextBytes)
      return this.text(to === from ? before + after : before + buffer.toString('latin1', from, to) + after);
    const { buffers } = this.#parts;
    const whole = buffers.take(length);
    whole.write(before, 0, 'latin1');
    buffer.copy(whole, before.length, from, to);
    whole.write(after, length - after.length, 'latin1');
    const isReady = this.bytes(whole.subarray(0, length));
    if (!this.isDone) return isReady;
    buffers.giveBack(whole);
    return true;
  }

  /** Ends the socket's side after what was written. */
  end(onFinished?: () => void): void {
    this.release();
    this.#socket.end(onFinished);
  }

  /** Writes what is held. */
  release(): void {
    const text = this.#held;
    if (text === '') return;
    this.#held = '';
    this.#write(text);
  }

  /** @returns whether more may be written */
  #write(data: string | Uint8Array): boolean {
    const socket = this.#socket;
    const handle = handleOf(socket);
    if (handle === null) return true;
    if (!this.#isPlain || this.#isBehind || socket.writableLength > 0 || socket.connecting)
      return typeof data === 'string' ? socket.write(data, 'latin1') : socket.write(data);
    try {
      this.#isBehind = !writeDirectly(handle, data, this.#onSent);
    } catch (error) {
      socket.destroy(error as Error);
    }
    return !this.#isBehind;
  }

  readonly #onSent = (error?: Error): void => {
    this.#isBehind = false;
    if (error) this.#socket.destroy(error);
    else this.#socket.emit('drain');
  };
}
