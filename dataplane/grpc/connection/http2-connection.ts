import type { Socket } from 'node:net';
import type { GrpcBounds } from '../bounds.ts';
import { HpackDecoder } from '../hpack/decoder.ts';
import { HpackError } from '../hpack/hpack-error.ts';
import { FrameReader } from '../frames/frame-reader.ts';
import { FrameWriter } from '../frames/frame-writer.ts';
import {
  ConnectionError,
  ErrorCode,
  Flag,
  FrameType,
  initialWindowBytes,
  maxFrameBytes,
  maxWindowBytes,
  Setting,
} from '../frames/protocol.ts';
import { SocketWriter, type WriteParts } from '../../sockets/socket-writer.ts';
import { HeaderBlock } from './header-block.ts';
import type { Http2Stream } from './http2-stream.ts';
import { TokenBucket } from './token-bucket.ts';

export interface Http2ConnectionOptions {
  readonly parts: WriteParts;
  readonly peerIsServer: boolean;
  readonly bounds: GrpcBounds;
}

/** What comes before a gRPC message: shorter DATA carries none. */
const tinyDataBytes = 5;

/** How much longer than the list that it encodes a header block can be, by far. */
const longestBlock = 4;

/** Updates of windows that one DATA frame may be answered with: of its stream, and of the connection. */
const updatesForData = 2;

/** Streams that we have reset, of which frames may still be on their way. */
const mostRemembered = 1_000;

/** One HTTP/2 connection, from either side (RFC 9113): frames in, streams, windows, and all that concerns it as a whole. */
export abstract class Http2Connection {
  writer: SocketWriter;
  readonly frames: FrameWriter;
  readonly streams = new Map<number, Http2Stream>();
  /** Streams that wait for the connection's window or socket alone, the longest waiting first. */
  readonly waiting = new Set<Http2Stream>();
  readonly bounds: GrpcBounds;
  sendWindow = initialWindowBytes;
  peerInitialWindow = initialWindowBytes;
  peerMaxStreams = Number.POSITIVE_INFINITY;
  isClosed = false;
  protected readonly decoder: HpackDecoder;
  protected readonly options: Http2ConnectionOptions;
  readonly #reader = new FrameReader((...frame) => this.#onFrame(...frame));
  readonly #pings: TokenBucket;
  readonly #settings: TokenBucket;
  readonly #priorities: TokenBucket;
  readonly #tinyData: TokenBucket;
  readonly #windowUpdates: TokenBucket;
  /** What we read since we last gave window back. */
  #received = 0;
  #wideStreams = 0;
  #block: HeaderBlock | undefined;
  #hasSettings = false;
  #settingsAreAcked = false;
  readonly #reset = new Set<number>();

  constructor(socket: Socket, options: Http2ConnectionOptions) {
    this.options = options;
    const { bounds } = options;
    this.bounds = bounds;
    this.#pings = new TokenBucket(bounds.pings);
    this.#settings = new TokenBucket(bounds.settings);
    this.#priorities = new TokenBucket(bounds.priorities);
    this.#tinyData = new TokenBucket(bounds.tinyData);
    this.#windowUpdates = new TokenBucket(bounds.windowUpdates);
    this.writer = new SocketWriter(socket, options.parts);
    this.frames = new FrameWriter(this.writer, options.parts.batch);
    this.decoder = new HpackDecoder({ maxListBytes: bounds.headerListBytes });
  }

  /** The last stream that the peer opened. */
  protected abstract readonly lastPeerStreamId: number;
  protected abstract onHeaderBlock(
    streamId: number,
    endStream: boolean,
    bytes: Buffer,
    start: number,
    end: number,
  ): void;
  /** Whether a stream with this identifier was not opened yet by whoever may. */
  protected abstract isIdle(streamId: number): boolean;
  /** The peer has reset a stream, or made us reset it. */
  protected abstract onPeerReset(): void;
  protected abstract onGoaway(lastStreamId: number, code: number): void;
  protected abstract onSettings(): void;
  /** Ends the socket once what was written has left. */
  protected abstract hangUp(): void;
  /** A stream is over. */
  protected abstract onStreamClosed(): void;

  /** Our first frames. */
  protected begin(settings: readonly (readonly [id: number, value: number])[]): void {
    const { headerListBytes, streamWindowBytes, connectionWindowBytes } = this.bounds;
    this.frames.settings([
      // Blocks that refer to no table can be sent on as they are.
      [Setting.headerTableSize, 0],
      [Setting.initialWindowSize, streamWindowBytes],
      [Setting.maxHeaderListSize, headerListBytes],
      ...settings,
    ]);
    this.frames.windowUpdate(0, connectionWindowBytes - initialWindowBytes);
  }

  protected read(bytes: Buffer, length: number): void {
    if (this.isClosed) return;
    try {
      this.#reader.read(bytes, length);
    } catch (error) {
      if (error instanceof ConnectionError) this.fail(error.code, error.message);
      else if (error instanceof HpackError) this.fail(ErrorCode.compressionError, error.message);
      else throw error;
    }
  }

  /** Ends the connection, and with it all its streams, for a fault of the peer's (RFC 9113 section 5.4.1). */
  fail(code: number, message: string): void {
    if (this.isClosed) return;
    this.frames.goaway(this.lastPeerStreamId, code, message);
    this.frames.release();
    this.lose();
    this.hangUp();
  }

  /** The connection is gone: tells all streams. */
  protected lose(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    const streams = [...this.streams.values()];
    this.streams.clear();
    this.waiting.clear();
    for (const stream of streams) {
      stream.isClosed = true;
      stream.user.onLost(stream, false);
    }
  }

  /** To be called when the socket takes more again. */
  protected drained(): void {
    this.frames.drained();
    this.#flush();
  }

  /** The window that a stream with this one is to have, now that it has used most of it. */
  widen(windowBytes: number): number {
    if (windowBytes >= this.bounds.wideWindowBytes || this.#wideStreams === this.bounds.wideStreams) return windowBytes;
    this.#wideStreams += 1;
    return this.bounds.wideWindowBytes;
  }

  /** DATA leaves on one of its streams. */
  sent(bytes: number): void {
    this.sendWindow -= bytes;
    this.#windowUpdates.give(updatesForData);
  }

  /** A stream is over: both sides have ended it, or one has reset it. */
  closed(stream: Http2Stream, wasResetByUs: boolean): void {
    if (stream.isClosed) return;
    stream.isClosed = true;
    if (stream.isWide) this.#wideStreams -= 1;
    stream.dropHeld();
    this.streams.delete(stream.id);
    if (wasResetByUs) this.remember(stream.id);
    this.onStreamClosed();
  }

  /** The socket was taken over by another one. */
  protected changeSocket(writer: SocketWriter): void {
    this.writer = writer;
    this.frames.changeWriter(writer);
  }

  /** We have reset a stream: frames of it may still be on their way. */
  protected remember(streamId: number): void {
    if (this.#reset.size === mostRemembered)
      for (const oldest of this.#reset) {
        this.#reset.delete(oldest);
        break;
      }
    this.#reset.add(streamId);
  }

  /** Whether frames of a closed stream may still be on their way, as we have reset it. */
  protected mayStillCome(streamId: number): boolean {
    return this.#reset.has(streamId);
  }

  #flush(): void {
    let turns = this.waiting.size;
    for (const stream of this.waiting) {
      if (turns === 0 || this.frames.isCongested || this.sendWindow <= 0) return;
      turns -= 1;
      // One that cannot send all goes to the end.
      this.waiting.delete(stream);
      stream.flush();
    }
  }

  #onFrame(type: number, flags: number, streamId: number, bytes: Buffer, start: number, end: number): boolean {
    if (this.#block !== undefined && (type !== FrameType.continuation || streamId !== this.#block.streamId))
      throw new ConnectionError(ErrorCode.protocolError, 'a header block was interrupted');
    if (!this.#hasSettings && (type !== FrameType.settings || (flags & Flag.ack) !== 0))
      throw new ConnectionError(ErrorCode.protocolError, 'the first frame is not SETTINGS');
    switch (type) {
      case FrameType.data:
        this.#onData(flags, streamId, bytes, start, end);
        break;
      case FrameType.headers:
        this.#onHeaders(flags, streamId, bytes, start, end);
        break;
      case FrameType.priority:
        this.#onPriority(streamId, end - start);
        break;
      case FrameType.rstStream:
        this.#onRstStream(streamId, bytes, start, end);
        break;
      case FrameType.settings:
        this.#onSettings(flags, streamId, bytes, start, end);
        break;
      case FrameType.pushPromise:
        throw new ConnectionError(ErrorCode.protocolError, 'PUSH_PROMISE was not allowed');
      case FrameType.ping:
        this.#onPing(flags, streamId, bytes, start, end);
        break;
      case FrameType.goaway:
        this.#onGoaway(streamId, bytes, start, end);
        break;
      case FrameType.windowUpdate:
        this.#onWindowUpdate(streamId, bytes, start, end);
        break;
      case FrameType.continuation:
        this.#onContinuation(flags, bytes, start, end);
        break;
      default:
      // RFC 9113 section 5.5: what is unknown is ignored.
    }
    return !this.isClosed;
  }

  /** Section 6.1. */
  #onData(flags: number, streamId: number, bytes: Buffer, start: number, end: number): void {
    if (streamId === 0) throw new ConnectionError(ErrorCode.protocolError, 'DATA on stream 0');
    this.#giveBack(end - start);
    const from = (flags & Flag.padded) === 0 ? start : start + 1;
    const to = (flags & Flag.padded) === 0 ? end : paddedEnd(bytes, start, end);
    const endStream = (flags & Flag.endStream) !== 0;
    if (to - from < tinyDataBytes && !endStream && !this.#tinyData.take()) throw tooMany('DATA without a message');
    const stream = this.streams.get(streamId);
    if (stream === undefined) {
      this.#refuseOnClosed(streamId, 'DATA');
      return;
    }
    if (stream.hasReceivedEnd) {
      this.breaks(stream, ErrorCode.streamClosed);
      return;
    }
    stream.receiveWindow -= end - start;
    if (stream.receiveWindow < 0) {
      this.breaks(stream, ErrorCode.flowControlError);
      return;
    }
    if (stream.owedBytes !== undefined) {
      stream.owedBytes -= to - from;
      if (stream.owedBytes < 0 || (endStream && stream.owedBytes > 0)) {
        this.breaks(stream, ErrorCode.protocolError);
        return;
      }
    }
    if (endStream) this.endReceived(stream);
    const padding = end - start - (to - from);
    if (padding > 0) stream.consumed(padding);
    stream.user.onData(stream, endStream, bytes, from, to);
  }

  /** The peer has ended its side. What it sent before that is still to be handed on. */
  protected endReceived(stream: Http2Stream): void {
    stream.hasReceivedEnd = true;
    if (stream.hasSentEnd) this.closed(stream, false);
  }

  #giveBack(bytes: number): void {
    this.#received += bytes;
    const { connectionWindowBytes } = this.bounds;
    if (this.#received > connectionWindowBytes)
      throw new ConnectionError(ErrorCode.flowControlError, 'DATA beyond the window of the connection');
    if (this.#received < connectionWindowBytes / 2) return;
    this.frames.windowUpdate(0, this.#received);
    this.#received = 0;
  }

  /** Section 5.1, "closed" and "idle". */
  #refuseOnClosed(streamId: number, what: string): void {
    if (this.isIdle(streamId)) throw new ConnectionError(ErrorCode.protocolError, `${what} on an idle stream`);
    if (!this.mayStillCome(streamId)) throw new ConnectionError(ErrorCode.streamClosed, `${what} on a closed stream`);
  }

  /** The peer broke the rules on one stream (section 5.4.2). */
  protected breaks(stream: Http2Stream, code: number): void {
    this.onPeerReset();
    this.abandon(stream, code);
  }

  /** Resets a stream, and tells who uses it. */
  protected abandon(stream: Http2Stream, code: number): void {
    stream.reset(code);
    stream.user.onReset(stream, code);
  }

  /** Section 6.2. */
  #onHeaders(flags: number, streamId: number, bytes: Buffer, start: number, end: number): void {
    if (streamId === 0) throw new ConnectionError(ErrorCode.protocolError, 'HEADERS on stream 0');
    const isPadded = (flags & Flag.padded) !== 0;
    const to = isPadded ? paddedEnd(bytes, start, end) : end;
    let from = isPadded ? start + 1 : start;
    if ((flags & Flag.priority) !== 0) from += 5;
    if (from > to) throw new ConnectionError(ErrorCode.frameSizeError, 'HEADERS is too short');
    const endStream = (flags & Flag.endStream) !== 0;
    if ((flags & Flag.endHeaders) !== 0) {
      this.onHeaderBlock(streamId, endStream, bytes, from, to);
      return;
    }
    this.#block = new HeaderBlock(streamId, endStream, longestBlock * this.bounds.headerListBytes);
    this.#block.add(bytes, from, to);
  }

  /** Section 6.10. */
  #onContinuation(flags: number, bytes: Buffer, start: number, end: number): void {
    const block = this.#block;
    if (block === undefined) throw new ConnectionError(ErrorCode.protocolError, 'CONTINUATION without HEADERS');
    block.add(bytes, start, end);
    if ((flags & Flag.endHeaders) === 0) return;
    this.#block = undefined;
    const whole = block.whole();
    this.onHeaderBlock(block.streamId, block.endStream, whole, 0, whole.length);
  }

  /** Section 6.3; of no meaning any more. */
  #onPriority(streamId: number, length: number): void {
    if (streamId === 0) throw new ConnectionError(ErrorCode.protocolError, 'PRIORITY on stream 0');
    if (!this.#priorities.take()) throw tooMany('PRIORITY');
    const stream = this.streams.get(streamId);
    if (length !== 5 && stream) this.breaks(stream, ErrorCode.frameSizeError);
  }

  /** Section 6.4. */
  #onRstStream(streamId: number, bytes: Buffer, start: number, end: number): void {
    if (streamId === 0) throw new ConnectionError(ErrorCode.protocolError, 'RST_STREAM on stream 0');
    if (end - start !== 4) throw new ConnectionError(ErrorCode.frameSizeError, 'RST_STREAM is not of 4 bytes');
    if (this.isIdle(streamId)) throw new ConnectionError(ErrorCode.protocolError, 'RST_STREAM on an idle stream');
    this.onPeerReset();
    const stream = this.streams.get(streamId);
    if (stream === undefined) return;
    this.closed(stream, false);
    stream.user.onReset(stream, bytes.readUInt32BE(start));
  }

  /** Section 6.5. */
  #onSettings(flags: number, streamId: number, bytes: Buffer, start: number, end: number): void {
    if (streamId !== 0) throw new ConnectionError(ErrorCode.protocolError, 'SETTINGS on a stream');
    if ((flags & Flag.ack) !== 0) {
      if (end > start)
        throw new ConnectionError(ErrorCode.frameSizeError, 'an acknowledgement of SETTINGS is not empty');
      if (!this.#settingsAreAcked) this.decoder.setMaxTableBytes(0);
      this.#settingsAreAcked = true;
      return;
    }
    if ((end - start) % 6 !== 0) throw new ConnectionError(ErrorCode.frameSizeError, 'SETTINGS is not of 6 bytes each');
    if (!this.#settings.take()) throw tooMany('SETTINGS');
    for (let at = start; at < end; at += 6) this.#apply(bytes.readUInt16BE(at), bytes.readUInt32BE(at + 2));
    this.frames.settingsAck();
    this.#hasSettings = true;
    this.onSettings();
    this.#flush();
  }

  #apply(setting: number, value: number): void {
    switch (setting) {
      case Setting.enablePush:
        // A server may not ask to be pushed to.
        if (value > (this.options.peerIsServer ? 0 : 1))
          throw new ConnectionError(ErrorCode.protocolError, 'ENABLE_PUSH is out of range');
        break;
      case Setting.maxConcurrentStreams:
        this.peerMaxStreams = value;
        break;
      case Setting.initialWindowSize:
        this.#changeInitialWindow(value);
        break;
      case Setting.maxFrameSize:
        if (value < maxFrameBytes || value > 0xffffff)
          throw new ConnectionError(ErrorCode.protocolError, 'MAX_FRAME_SIZE is out of range');
        break;
      default:
      // Our blocks use no table, and we send no more headers than we were sent.
    }
  }

  /** Section 6.9.2: what was sent already counts. */
  #changeInitialWindow(bytes: number): void {
    if (bytes > maxWindowBytes)
      throw new ConnectionError(ErrorCode.flowControlError, 'INITIAL_WINDOW_SIZE is above the largest window');
    const change = bytes - this.peerInitialWindow;
    this.peerInitialWindow = bytes;
    for (const stream of this.streams.values()) {
      stream.sendWindow += change;
      if (stream.sendWindow > maxWindowBytes)
        throw new ConnectionError(ErrorCode.flowControlError, 'INITIAL_WINDOW_SIZE makes a window overflow');
      if (stream.isHolding && stream.sendWindow > 0) this.waiting.add(stream);
    }
  }

  /** Section 6.7. */
  #onPing(flags: number, streamId: number, bytes: Buffer, start: number, end: number): void {
    if (streamId !== 0) throw new ConnectionError(ErrorCode.protocolError, 'PING on a stream');
    if (end - start !== 8) throw new ConnectionError(ErrorCode.frameSizeError, 'PING is not of 8 bytes');
    // It tells no more than any other frame: that the peer is there.
    if ((flags & Flag.ack) !== 0) return;
    if (!this.#pings.take()) throw tooMany('PING');
    this.frames.ping(true, bytes, start);
  }

  /** Section 6.8. */
  #onGoaway(streamId: number, bytes: Buffer, start: number, end: number): void {
    if (streamId !== 0) throw new ConnectionError(ErrorCode.protocolError, 'GOAWAY on a stream');
    if (end - start < 8) throw new ConnectionError(ErrorCode.frameSizeError, 'GOAWAY is too short');
    this.onGoaway(bytes.readUInt32BE(start) & 0x7fffffff, bytes.readUInt32BE(start + 4));
  }

  /** Section 6.9. */
  #onWindowUpdate(streamId: number, bytes: Buffer, start: number, end: number): void {
    if (end - start !== 4) throw new ConnectionError(ErrorCode.frameSizeError, 'WINDOW_UPDATE is not of 4 bytes');
    if (!this.#windowUpdates.take()) throw tooMany('WINDOW_UPDATE');
    const increment = bytes.readUInt32BE(start) & 0x7fffffff;
    if (streamId === 0) {
      if (increment === 0) throw new ConnectionError(ErrorCode.protocolError, 'WINDOW_UPDATE of 0');
      this.sendWindow += increment;
      if (this.sendWindow > maxWindowBytes)
        throw new ConnectionError(ErrorCode.flowControlError, 'the window of the connection overflows');
      this.#flush();
      return;
    }
    const stream = this.streams.get(streamId);
    if (stream === undefined) {
      // On a closed one it may have been on its way.
      if (this.isIdle(streamId)) throw new ConnectionError(ErrorCode.protocolError, 'WINDOW_UPDATE on an idle stream');
      return;
    }
    if (increment === 0) {
      this.breaks(stream, ErrorCode.protocolError);
      return;
    }
    stream.sendWindow += increment;
    if (stream.sendWindow > maxWindowBytes) this.breaks(stream, ErrorCode.flowControlError);
    else if (stream.isHolding) stream.flush();
  }
}

/** Where the payload of a padded frame ends (section 6.1). */
function paddedEnd(bytes: Buffer, start: number, end: number): number {
  if (start === end) throw new ConnectionError(ErrorCode.frameSizeError, 'a padded frame does not say by how much');
  const padding = bytes[start] as number;
  if (start + 1 + padding > end)
    throw new ConnectionError(ErrorCode.protocolError, 'a frame is shorter than its padding');
  return end - padding;
}

function tooMany(what: string): ConnectionError {
  return new ConnectionError(ErrorCode.enhanceYourCalm, `too many frames: ${what}`);
}
