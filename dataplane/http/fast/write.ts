import type { Socket } from 'node:net';
import type { Buffers } from '../../sockets/buffers.ts';
import type { WriteBatch } from '../../sockets/write-batch.ts';

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
 * Writes bytes with text around them, in one go: the kernel's part of a write costs more than all of ours.
 *
 * @returns whether more may be written now; otherwise nothing more is to be read before the socket emits `drain`
 */
export function writeAround(
  socket: Socket,
  before: string,
  { buffer, from, to, isShared }: Part,
  after: string,
  { buffers, batch }: WriteParts,
): boolean {
  const length = before.length + (to - from) + after.length;
  if (length === 0) return true;
  // A write of less might leave bytes behind without asking for a pause, in which they would be overwritten.
  const canStay = !isShared && length === to - from && length >= socket.writableHighWaterMark;
  // What the kernel took at once needs no waiting for, however much it was.
  if (canStay) return socket.write(buffer.subarray(from, to)) || socket.writableLength === 0;
  if (length <= maxTextBytes) {
    batch.hold(socket);
    return socket.write(to === from ? before + after : before + buffer.toString('latin1', from, to) + after, 'latin1');
  }
  const whole = buffers.take(length);
  whole.write(before, 0, 'latin1');
  buffer.copy(whole, before.length, from, to);
  whole.write(after, length - after.length, 'latin1');
  const isReady = socket.write(whole.subarray(0, length));
  if (socket.writableLength > 0) return isReady;
  buffers.giveBack(whole);
  return true;
}
