import type { Socket } from 'node:net';
import type { GrpcBounds } from '../bounds.ts';
import { HpackDecoder } from '../hpack/decoder.ts';
import { HpackError } from '../hpack/hpack-error.ts';
import { FrameWriter } from '../frames/frame-writer.ts';
import { type FrameHandler, PeerFrames } from '../frames/peer-frames.ts';
import {
  ConnectionError,
  ErrorCode,
  initialWindowBytes,
  maxFrameBytes,
  maxWindowBytes,
  Setting,
} from '../frames/protocol.ts';
import { SocketWriter, type WriteParts } from '../../sockets/socket-writer.ts';
import type { Http2Stream } from './http2-stream.ts';

export interface Http2ConnectionOptions {
  readonly parts: WriteParts;
  readonly peerIsServer: boolean;
  readonly bounds: GrpcBounds;
}

/** Streams that we have reset, of which frames may still be on their way. */
const mostRemembered = 1_000;

/** One HTTP/2 connection, from either side (RFC 9113): frames in, streams, windows, and all that concerns it as a whole. */
export abstract class Http2Connection implements FrameHandler {
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
  readonly #peerFrames: PeerFrames;
  /** What we read since we last gave window back. */
  #received = 0;
  #wideStreams = 0;
  #settingsAreAcked = false;
  readonly #reset = new Set<number>();

  constructor(socket: Socket, options: Http2ConnectionOptions) {
    this.options = options;
    const { bounds } = options;
    this.bounds = bounds;
    this.#peerFrames = new PeerFrames(bounds, this);
    this.writer = new SocketWriter(socket, options.parts);
    this.frames = new FrameWriter(this.writer, options.parts.batch);
    this.decoder = new HpackDecoder({ maxListBytes: bounds.headerListBytes });
  }

  /** The last stream that the peer opened. */
  protected abstract readonly lastPeerStreamId: number;
  abstract onHeaderBlock(streamId: number, endStream: boolean, bytes: Buffer, start: number, end: number): void;
  abstract onGoaway(lastStreamId: number, code: number): void;
  /** Whether a stream with this identifier was not opened yet by whoever may. */
  protected abstract isIdle(streamId: number): boolean;
  /** The peer has reset a stream, or made us reset it. */
  protected abstract onPeerReset(): void;
  /** The peer's settings are known now, or have changed. */
  protected abstract onPeerSettings(): void;
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
      this.#peerFrames.read(bytes, length);
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
    this.#peerFrames.dataWasSent();
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

  onData(streamId: number, endStream: boolean, bytes: Buffer, start: number, end: number, flowBytes: number): void {
    this.#giveBack(flowBytes);
    const stream = this.streams.get(streamId);
    if (stream === undefined) {
      this.#refuseOnClosed(streamId, 'DATA');
      return;
    }
    if (stream.hasReceivedEnd) {
      this.breaks(stream, ErrorCode.streamClosed);
      return;
    }
    stream.receiveWindow -= flowBytes;
    if (stream.receiveWindow < 0) {
      this.breaks(stream, ErrorCode.flowControlError);
      return;
    }
    const length = end - start;
    if (stream.owedBytes !== undefined) {
      stream.owedBytes -= length;
      if (stream.owedBytes < 0 || (endStream && stream.owedBytes > 0)) {
        this.breaks(stream, ErrorCode.protocolError);
        return;
      }
    }
    if (endStream) this.endReceived(stream);
    if (flowBytes > length) stream.consumed(flowBytes - length);
    stream.user.onData(stream, endStream, bytes, start, end);
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

  onRstStream(streamId: number, code: number): void {
    if (this.isIdle(streamId)) throw new ConnectionError(ErrorCode.protocolError, 'RST_STREAM on an idle stream');
    this.onPeerReset();
    const stream = this.streams.get(streamId);
    if (stream === undefined) return;
    this.closed(stream, false);
    stream.user.onReset(stream, code);
  }

  onStreamFault(streamId: number, code: number): void {
    const stream = this.streams.get(streamId);
    if (stream) this.breaks(stream, code);
  }

  onSettingsAck(): void {
    if (!this.#settingsAreAcked) this.decoder.setMaxTableBytes(0);
    this.#settingsAreAcked = true;
  }

  onSettings(): void {
    this.frames.settingsAck();
    this.onPeerSettings();
    this.#flush();
  }

  /** Section 6.5.2. */
  onSetting(setting: number, value: number): void {
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

  onPing(bytes: Buffer, start: number): void {
    this.frames.ping(true, bytes, start);
  }

  onWindowUpdate(streamId: number, increment: number): void {
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
