import { maxFrameBytes } from '../frames/protocol.ts';
import { ByteQueue } from './byte-queue.ts';
import type { Http2Connection } from './http2-connection.ts';

/** Hears what becomes of a stream. Nothing is heard of it after `onReset`, or once both sides have ended it. */
export interface StreamUser {
  /** A header block: `bytes[start..end)`, good until this returns. */
  onHeaders(stream: Http2Stream, endStream: boolean, bytes: Buffer, start: number, end: number): void;
  /** The user calls `stream.consumed` for these bytes, once they have left. */
  onData(stream: Http2Stream, endStream: boolean, bytes: Buffer, start: number, end: number): void;
  /** Of what had to wait so many bytes have left. */
  onSent(stream: Http2Stream, bytes: number): void;
  /** The peer reset the stream, or broke the rules on it. */
  onReset(stream: Http2Stream, code: number): void;
  /** The connection is gone, or the peer did nothing of this stream (`wasUntouched`) before it went away. */
  onLost(stream: Http2Stream, wasUntouched: boolean): void;
}

/** What ends our side of a stream: DATA with END_STREAM, or a header block. */
type Ending = 'data' | Uint8Array;

const nothing = Buffer.alloc(0);

/** A stream of a connection, whichever side opened it (RFC 9113 section 5). */
export class Http2Stream {
  readonly connection: Http2Connection;
  readonly id: number;
  readonly user: StreamUser;
  /** How much DATA the peer takes. Below 0 when it lowered its initial window (section 6.9.2). */
  sendWindow: number;
  /** How much DATA we take. */
  receiveWindow: number;
  hasReceivedEnd = false;
  /** How much DATA has to come yet, where the peer said so (RFC 9113 section 8.1.1). */
  owedBytes: number | undefined;
  hasSentEnd = false;
  isClosed = false;
  /** While DATA waits: whether any has left since this was set to false. */
  hasMoved = true;
  /** DATA that the peer may have on its way to us, or waiting here. */
  #window: number;
  /** Of what we received, what has left but was not given back as window yet. */
  #consumed = 0;
  /** DATA that waits for windows or the socket. */
  #held: ByteQueue | undefined;
  #ending: Ending | undefined;

  constructor(connection: Http2Connection, id: number, user: StreamUser) {
    this.connection = connection;
    this.id = id;
    this.user = user;
    this.sendWindow = connection.peerInitialWindow;
    this.receiveWindow = connection.bounds.streamWindowBytes;
    this.#window = connection.bounds.streamWindowBytes;
  }

  /** Whether something waits to be sent. */
  get isHolding(): boolean {
    return this.#heldBytes > 0 || this.#ending !== undefined;
  }

  get #heldBytes(): number {
    return this.#held?.length ?? 0;
  }

  /** Sends a header block at once; to be called before any DATA. */
  sendHeaders(endStream: boolean, block: Uint8Array, more: Uint8Array = nothing, moreBytes = 0): void {
    this.connection.frames.headers(this.id, endStream, block, more, moreBytes);
    if (endStream) this.#sentEnd();
  }

  /**
   * Sends DATA: as much as can be now, and the rest, which is kept, as soon as it can.
   *
   * @returns how many of these bytes have left now; of the others `onSent` tells
   */
  sendData(endStream: boolean, bytes: Buffer, start: number, end: number): number {
    if (this.hasSentEnd || this.isClosed) return end - start;
    if (this.isHolding) {
      this.#hold(bytes, start, end);
      if (endStream) this.#ending = 'data';
      return 0;
    }
    let at = start;
    for (;;) {
      const room = Math.min(end - at, this.#room(), maxFrameBytes);
      if (room === 0 && at < end) break;
      const isLast = endStream && at + room === end;
      if (room > 0 || isLast) this.#writeData(isLast, bytes, at, at + room);
      at += room;
      if (at === end) return end - start;
    }
    this.#hold(bytes, at, end);
    if (endStream) this.#ending = 'data';
    this.#wait();
    this.hasMoved = true;
    return at - start;
  }

  /** Ends our side with a header block, behind all DATA. */
  sendTrailers(block: Uint8Array): void {
    if (this.hasSentEnd || this.isClosed) return;
    if (this.#heldBytes === 0) this.sendHeaders(true, block);
    else this.#ending = block;
  }

  /** Sends what waits, as far as windows and the socket allow. */
  flush(): void {
    let sent = 0;
    for (let first = this.#held?.first; first !== undefined; first = this.#held?.first) {
      const { bytes, start, end } = first;
      const room = Math.min(end - start, this.#room(), maxFrameBytes);
      if (room === 0) break;
      this.#held?.drop(room);
      sent += room;
      this.#writeData(this.#heldBytes === 0 && this.#ending === 'data', bytes, start, start + room);
    }
    this.#wait();
    if (this.#heldBytes === 0) {
      const ending = this.#ending;
      this.#ending = undefined;
      if (ending !== undefined && !this.hasSentEnd) {
        if (ending === 'data') this.#writeData(true, nothing, 0, 0);
        else this.sendHeaders(true, ending);
      }
    }
    if (sent === 0) return;
    this.hasMoved = true;
    this.user.onSent(this, sent);
  }

  /** Drops what waits to be sent. */
  dropHeld(): void {
    this.#held?.clear();
    this.#ending = undefined;
    this.connection.waiting.delete(this);
  }

  /** Bytes of DATA have left us: the peer may send as many more. */
  consumed(bytes: number): void {
    this.#consumed += bytes;
    // A peer that has ended its side sends no more.
    if (this.hasReceivedEnd || this.isClosed || this.#consumed < this.#window / 2) return;
    const wider = this.connection.widen(this.#window);
    const increment = this.#consumed + wider - this.#window;
    this.#window = wider;
    this.#consumed = 0;
    this.receiveWindow += increment;
    this.connection.frames.windowUpdate(this.id, increment);
  }

  /** Whether it has more than the window that streams begin with. */
  get isWide(): boolean {
    return this.#window > this.connection.bounds.streamWindowBytes;
  }

  /** Ends both sides at once. */
  reset(code: number): void {
    if (this.isClosed) return;
    this.connection.frames.rstStream(this.id, code);
    this.connection.closed(this, true);
  }

  #hold(bytes: Buffer, start: number, end: number): void {
    if (end === start) return;
    this.#held ??= new ByteQueue();
    this.#held.push(bytes, start, end);
  }

  /** Waits for the connection as long as the stream's own window is not what it waits for. */
  #wait(): void {
    if (this.#heldBytes > 0 && this.sendWindow > 0) this.connection.waiting.add(this);
    else this.connection.waiting.delete(this);
  }

  #room(): number {
    const { connection } = this;
    if (connection.frames.isCongested) return 0;
    return Math.max(0, Math.min(this.sendWindow, connection.sendWindow));
  }

  #writeData(endStream: boolean, bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    this.sendWindow -= length;
    this.connection.sent(length);
    this.connection.frames.data(this.id, endStream, bytes, start, end);
    if (endStream) this.#sentEnd();
  }

  #sentEnd(): void {
    this.hasSentEnd = true;
    if (this.hasReceivedEnd) this.connection.closed(this, false);
  }
}
