import type { SocketWriter } from '../../sockets/socket-writer.ts';
import type { Held, WriteBatch } from '../../sockets/write-batch.ts';
import { tableSizeZero as tableSizeUpdate } from '../hpack/encoder.ts';
import { Flag, FrameType, frameHeaderBytes, maxFrameBytes } from './protocol.ts';

/** Room for three of the largest frames. */
const chunkBytes = 64 * 1024;

/** Chunks that are kept for whoever writes next. */
const mostSpare = 64;

const spare: Buffer[] = [];

const nothing: Uint8Array = Buffer.alloc(0);
const tableSizeZero: Uint8Array = Buffer.of(tableSizeUpdate);

/** Up to here bytes are copied sooner by a loop than by a call into native code. */
const longestByOctet = 64;

/**
 * Writes frames (RFC 9113 section 6). All of one turn of the event loop leave in one write, at its end or when a chunk is
 * full.
 */
export class FrameWriter implements Held {
  #writer: SocketWriter;
  readonly #batch: WriteBatch;
  #chunk: Buffer | undefined;
  #at = 0;
  #isCongested = false;
  /** The last frame, where it is DATA: of which stream (else 0), where in the chunk, and how much. */
  #dataStream = 0;
  #dataAt = 0;
  #dataBytes = 0;
  /** Comes before the first header block. */
  #opening = tableSizeZero;

  constructor(writer: SocketWriter, batch: WriteBatch) {
    this.#writer = writer;
    this.#batch = batch;
  }

  /** Whether the socket takes no more for now. Frames without DATA are few, and may be written all the same. */
  get isCongested(): boolean {
    return this.#isCongested;
  }

  changeWriter(writer: SocketWriter): void {
    this.#writer = writer;
  }

  /** To be called when the socket emits `drain`. */
  drained(): void {
    this.#isCongested = false;
  }

  /**
   * DATA that follows DATA of the same stream goes on in its frame: small messages cost their reader less so.
   *
   * @param end at most `maxFrameBytes` behind `start`
   */
  data(streamId: number, endStream: boolean, bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (streamId === this.#dataStream && this.#dataBytes + length <= maxFrameBytes && this.#at + length <= chunkBytes) {
      this.#dataBytes += length;
      const chunk = this.#chunk as Buffer;
      const at = this.#dataAt;
      chunk[at + 1] = this.#dataBytes >> 8;
      chunk[at + 2] = this.#dataBytes;
      if (endStream) chunk[at + 4] = Flag.endStream;
    } else {
      this.#begin(FrameType.data, endStream ? Flag.endStream : Flag.none, streamId, length);
      this.#dataStream = streamId;
      this.#dataAt = this.#at - frameHeaderBytes;
      this.#dataBytes = length;
    }
    this.#copy(bytes, start, end);
  }

  /** A header block of any length, in two parts; what does not fit into HEADERS goes on in CONTINUATION (section 6.10). */
  headers(streamId: number, endStream: boolean, block: Uint8Array, more: Uint8Array, moreBytes: number): void {
    const opening = this.#opening;
    this.#opening = nothing;
    const length = opening.length + block.length + moreBytes;
    const flags = endStream ? Flag.endStream : Flag.none;
    if (length <= maxFrameBytes) {
      this.#begin(FrameType.headers, flags | Flag.endHeaders, streamId, length);
      this.#copy(opening, 0, opening.length);
      this.#copy(block, 0, block.length);
      this.#copy(more, 0, moreBytes);
      return;
    }
    const whole = Buffer.concat([opening, block, more.subarray(0, moreBytes)]);
    for (let start = 0; start < length; start += maxFrameBytes) {
      const end = Math.min(start + maxFrameBytes, length);
      const last = end === length ? Flag.endHeaders : Flag.none;
      if (start === 0) this.#begin(FrameType.headers, flags | last, streamId, end - start);
      else this.#begin(FrameType.continuation, last, streamId, end - start);
      this.#copy(whole, start, end);
    }
  }

  rstStream(streamId: number, code: number): void {
    this.#begin(FrameType.rstStream, Flag.none, streamId, 4);
    this.#uint32(code);
  }

  settings(settings: readonly (readonly [id: number, value: number])[]): void {
    this.#begin(FrameType.settings, Flag.none, 0, settings.length * 6);
    for (const [id, value] of settings) {
      this.#uint16(id);
      this.#uint32(value);
    }
  }

  settingsAck(): void {
    this.#begin(FrameType.settings, Flag.ack, 0, 0);
  }

  /** @param bytes eight of them, from `start` on */
  ping(isAck: boolean, bytes: Uint8Array, start: number): void {
    this.#begin(FrameType.ping, isAck ? Flag.ack : Flag.none, 0, 8);
    this.#copy(bytes, start, start + 8);
  }

  goaway(lastStreamId: number, code: number, debug = ''): void {
    const text = Buffer.from(debug);
    this.#begin(FrameType.goaway, Flag.none, 0, 8 + text.length);
    this.#uint32(lastStreamId);
    this.#uint32(code);
    this.#copy(text, 0, text.length);
  }

  windowUpdate(streamId: number, increment: number): void {
    this.#begin(FrameType.windowUpdate, Flag.none, streamId, 4);
    this.#uint32(increment);
  }

  /** Bytes that are no frame: the preface. */
  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#copy(bytes, 0, bytes.length);
  }

  /** Writes what is there to the socket. */
  release(): void {
    const chunk = this.#chunk;
    if (chunk === undefined) return;
    this.#chunk = undefined;
    this.#dataStream = 0;
    const bytes = chunk.subarray(0, this.#at);
    // What has to wait is kept in as many bytes as it has: a whole chunk for each PING would fill the memory.
    const hasToWait = !this.#writer.isDone;
    const isReady = this.#writer.bytes(hasToWait ? Buffer.from(bytes) : bytes);
    if ((hasToWait || this.#writer.isDone) && spare.length < mostSpare) spare.push(chunk);
    this.#isCongested ||= !isReady && !this.#writer.isDone;
  }

  #reserve(bytes: number): Buffer {
    if (this.#chunk !== undefined && this.#at + bytes > chunkBytes) this.release();
    if (this.#chunk === undefined) {
      this.#chunk = spare.pop() ?? Buffer.allocUnsafeSlow(chunkBytes);
      this.#at = 0;
      this.#batch.add(this);
    }
    return this.#chunk;
  }

  #begin(type: number, flags: number, streamId: number, length: number): void {
    const chunk = this.#reserve(frameHeaderBytes + length);
    this.#dataStream = 0;
    const at = this.#at;
    chunk[at] = length >> 16;
    chunk[at + 1] = length >> 8;
    chunk[at + 2] = length;
    chunk[at + 3] = type;
    chunk[at + 4] = flags;
    chunk[at + 5] = streamId >> 24;
    chunk[at + 6] = streamId >> 16;
    chunk[at + 7] = streamId >> 8;
    chunk[at + 8] = streamId;
    this.#at = at + frameHeaderBytes;
  }

  #copy(bytes: Uint8Array, start: number, end: number): void {
    const chunk = this.#chunk as Buffer;
    const at = this.#at;
    const length = end - start;
    if (length <= longestByOctet)
      for (let index = 0; index < length; index += 1) chunk[at + index] = bytes[start + index] as number;
    else chunk.set(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end), at);
    this.#at = at + length;
  }

  #uint32(value: number): void {
    const chunk = this.#chunk as Buffer;
    chunk[this.#at++] = value >>> 24;
    chunk[this.#at++] = value >>> 16;
    chunk[this.#at++] = value >>> 8;
    chunk[this.#at++] = value;
  }

  #uint16(value: number): void {
    const chunk = this.#chunk as Buffer;
    chunk[this.#at++] = value >>> 8;
    chunk[this.#at++] = value;
  }
}
