import type { GrpcBounds } from '../bounds.ts';
import { FrameReader } from './frame-reader.ts';
import { HeaderBlock } from './header-block.ts';
import { ConnectionError, ErrorCode, Flag, FrameType } from './protocol.ts';
import { TokenBucket } from './token-bucket.ts';

/** Hears what a peer says with its frames. */
export interface FrameHandler {
  /** Nothing more is read once it is. */
  readonly isClosed: boolean;
  /**
   * DATA without its padding: `bytes[start..end)`, good until this returns.
   *
   * @param flowBytes what it takes of the windows, padding included
   */
  onData(streamId: number, endStream: boolean, bytes: Buffer, start: number, end: number, flowBytes: number): void;
  /** A whole header block: `bytes[start..end)`, good until this returns. */
  onHeaderBlock(streamId: number, endStream: boolean, bytes: Buffer, start: number, end: number): void;
  onRstStream(streamId: number, code: number): void;
  onSetting(id: number, value: number): void;
  /** Those of a frame have all been told. */
  onSettings(): void;
  onSettingsAck(): void;
  /** @param bytes the eight of it from `start` on */
  onPing(bytes: Buffer, start: number): void;
  onGoaway(lastStreamId: number, code: number): void;
  onWindowUpdate(streamId: number, increment: number): void;
  /** The peer broke a rule that ends only the stream, where there is one (RFC 9113 section 5.4.2). */
  onStreamFault(streamId: number, code: number): void;
}

/** What comes before a gRPC message: shorter DATA carries none. */
const tinyDataBytes = 5;

/** How much longer than the list that it encodes a header block can be, by far. */
const longestBlock = 4;

/** Updates of windows that one DATA frame may be answered with: of its stream, and of the connection. */
const updatesForData = 2;

/**
 * The frames of a peer, held to what can be told from them alone: their form (RFC 9113 section 6), the order of those that
 * make up a header block, and how many of a kind come for nothing.
 */
export class PeerFrames {
  readonly #handler: FrameHandler;
  readonly #bounds: GrpcBounds;
  readonly #reader = new FrameReader((...frame) => this.#onFrame(...frame));
  readonly #pings: TokenBucket;
  readonly #settings: TokenBucket;
  readonly #priorities: TokenBucket;
  readonly #tinyData: TokenBucket;
  readonly #windowUpdates: TokenBucket;
  #hasSettings = false;
  /** A header block that is not whole. */
  #block: HeaderBlock | undefined;

  constructor(bounds: GrpcBounds, handler: FrameHandler) {
    this.#handler = handler;
    this.#bounds = bounds;
    this.#pings = new TokenBucket(bounds.pings);
    this.#settings = new TokenBucket(bounds.settings);
    this.#priorities = new TokenBucket(bounds.priorities);
    this.#tinyData = new TokenBucket(bounds.tinyData);
    this.#windowUpdates = new TokenBucket(bounds.windowUpdates);
  }

  /**
   * @param bytes may be written over up to `length`
   * @throws ConnectionError for what breaks a rule that ends the connection
   */
  read(bytes: Buffer, length: number): void {
    this.#reader.read(bytes, length);
  }

  /** DATA was sent to the peer, which may update windows for it. */
  dataWasSent(): void {
    this.#windowUpdates.give(updatesForData);
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
    return !this.#handler.isClosed;
  }

  /** Section 6.1. */
  #onData(flags: number, streamId: number, bytes: Buffer, start: number, end: number): void {
    if (streamId === 0) throw new ConnectionError(ErrorCode.protocolError, 'DATA on stream 0');
    const isPadded = (flags & Flag.padded) !== 0;
    const from = isPadded ? start + 1 : start;
    const to = isPadded ? paddedEnd(bytes, start, end) : end;
    const endStream = (flags & Flag.endStream) !== 0;
    if (to - from < tinyDataBytes && !endStream && !this.#tinyData.take()) throw tooMany('DATA without a message');
    this.#handler.onData(streamId, endStream, bytes, from, to, end - start);
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
      this.#handler.onHeaderBlock(streamId, endStream, bytes, from, to);
      return;
    }
    this.#block = new HeaderBlock(streamId, endStream, longestBlock * this.#bounds.headerListBytes);
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
    this.#handler.onHeaderBlock(block.streamId, block.endStream, whole, 0, whole.length);
  }

  /** Section 6.3; of no meaning any more. */
  #onPriority(streamId: number, length: number): void {
    if (streamId === 0) throw new ConnectionError(ErrorCode.protocolError, 'PRIORITY on stream 0');
    if (!this.#priorities.take()) throw tooMany('PRIORITY');
    if (length !== 5) this.#handler.onStreamFault(streamId, ErrorCode.frameSizeError);
  }

  /** Section 6.4. */
  #onRstStream(streamId: number, bytes: Buffer, start: number, end: number): void {
    if (streamId === 0) throw new ConnectionError(ErrorCode.protocolError, 'RST_STREAM on stream 0');
    if (end - start !== 4) throw new ConnectionError(ErrorCode.frameSizeError, 'RST_STREAM is not of 4 bytes');
    this.#handler.onRstStream(streamId, bytes.readUInt32BE(start));
  }

  /** Section 6.5. */
  #onSettings(flags: number, streamId: number, bytes: Buffer, start: number, end: number): void {
    if (streamId !== 0) throw new ConnectionError(ErrorCode.protocolError, 'SETTINGS on a stream');
    if ((flags & Flag.ack) !== 0) {
      if (end > start)
        throw new ConnectionError(ErrorCode.frameSizeError, 'an acknowledgement of SETTINGS is not empty');
      this.#handler.onSettingsAck();
      return;
    }
    if ((end - start) % 6 !== 0) throw new ConnectionError(ErrorCode.frameSizeError, 'SETTINGS is not of 6 bytes each');
    if (!this.#settings.take()) throw tooMany('SETTINGS');
    this.#hasSettings = true;
    for (let at = start; at < end; at += 6) this.#handler.onSetting(bytes.readUInt16BE(at), bytes.readUInt32BE(at + 2));
    this.#handler.onSettings();
  }

  /** Section 6.7. An acknowledgement tells no more than any other frame: that the peer is there. */
  #onPing(flags: number, streamId: number, bytes: Buffer, start: number, end: number): void {
    if (streamId !== 0) throw new ConnectionError(ErrorCode.protocolError, 'PING on a stream');
    if (end - start !== 8) throw new ConnectionError(ErrorCode.frameSizeError, 'PING is not of 8 bytes');
    if ((flags & Flag.ack) !== 0) return;
    if (!this.#pings.take()) throw tooMany('PING');
    this.#handler.onPing(bytes, start);
  }

  /** Section 6.8. */
  #onGoaway(streamId: number, bytes: Buffer, start: number, end: number): void {
    if (streamId !== 0) throw new ConnectionError(ErrorCode.protocolError, 'GOAWAY on a stream');
    if (end - start < 8) throw new ConnectionError(ErrorCode.frameSizeError, 'GOAWAY is too short');
    this.#handler.onGoaway(bytes.readUInt32BE(start) & 0x7fffffff, bytes.readUInt32BE(start + 4));
  }

  /** Section 6.9. */
  #onWindowUpdate(streamId: number, bytes: Buffer, start: number, end: number): void {
    if (end - start !== 4) throw new ConnectionError(ErrorCode.frameSizeError, 'WINDOW_UPDATE is not of 4 bytes');
    if (!this.#windowUpdates.take()) throw tooMany('WINDOW_UPDATE');
    this.#handler.onWindowUpdate(streamId, bytes.readUInt32BE(start) & 0x7fffffff);
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
