import type { Socket } from 'node:net';
import type { Bounded } from '../deadlines.ts';
import { type Peer, peerOf } from '../headers/peer.ts';
import { AcceptedSocket, canBeTakenOver } from '../sockets/accepted-socket.ts';
import { SocketWriter } from '../sockets/socket-writer.ts';
import { Call } from './call.ts';
import { Http2Connection } from './connection/http2-connection.ts';
import { Http2Stream } from './connection/http2-stream.ts';
import { TokenBucket } from './frames/token-bucket.ts';
import { ConnectionError, ErrorCode, maxStreamId, preface, Setting } from './frames/protocol.ts';
import { headersTooLarge } from './heads/own-answer.ts';
import { trailersProblem } from './hpack/fields.ts';
import { RequestHeads } from './heads/request-heads.ts';
import type { GrpcLaneParts } from './lane.types.ts';

/** Bytes that wait to be read by a client, above which no more of its calls are taken in. */
const mostUnread = 1024 * 1024;

/** A client's connection: takes its calls (RFC 9113 section 3.4 and up, as a server). */
export class ClientConnection extends Http2Connection implements Bounded {
  readonly parts: GrpcLaneParts;
  readonly peer: Peer;
  deadline: number;
  #socket: Socket;
  readonly #heads: RequestHeads;
  readonly #resets: TokenBucket;
  #prefaceBytes = 0;
  /** Whether the socket was full when that was looked at last, and has been since. */
  #wasCongested = false;
  #lastStreamId = 0;
  /** Calls of streams above it are not taken any more. */
  #lastTaken = maxStreamId;
  #goaway: 'none' | 'announced' | 'final' = 'none';

  constructor(socket: Socket, parts: GrpcLaneParts) {
    super(socket, {
      parts,
      peerIsServer: false,
      bounds: parts.bounds,
    });
    this.#socket = socket;
    this.parts = parts;
    this.peer = peerOf(socket, parts.trustedProxies);
    this.#resets = new TokenBucket(parts.bounds.resets);
    this.#heads = new RequestHeads(this.decoder, this.peer, parts.trustedProxies);
    this.deadline = parts.deadlines.after(parts.timeouts.requestHeadMs);
    parts.deadlines.add(this);
    socket.on('data', this.#onData);
    this.#listen();
    this.begin([[Setting.maxConcurrentStreams, parts.bounds.streams]]);
  }

  /**
   * Tells the client to make no more calls here, and takes those that it makes before it has heard (RFC 9113 section 6.8).
   * A PING would not tell when that is: HTTP/2 libraries answer it before the client that uses them hears of GOAWAY.
   */
  drain(): void {
    if (this.isClosed || this.#goaway !== 'none') return;
    this.#goaway = 'announced';
    this.frames.goaway(maxStreamId, ErrorCode.noError);
  }

  /** Takes no more calls, and closes once there are none. */
  closeIdle(): void {
    if (this.isClosed) return;
    this.#goawayFinally();
    this.#closeIfIdle();
  }

  onDeadline(): void {
    this.deadline = Number.POSITIVE_INFINITY;
    if (this.streams.size > 0) this.#endStalled();
    else if (this.#lastStreamId === 0 && this.#prefaceBytes < preface.length) this.#socket.destroy();
    else this.closeIdle();
  }

  protected get lastPeerStreamId(): number {
    return this.#lastStreamId;
  }

  protected isIdle(streamId: number): boolean {
    return streamId % 2 === 0 || streamId > this.#lastStreamId;
  }

  /** What a client opened before it heard of GOAWAY is ignored, with all that follows (RFC 9113 section 6.8). */
  protected override mayStillCome(streamId: number): boolean {
    return streamId > this.#lastTaken || super.mayStillCome(streamId);
  }

  onHeaderBlock(streamId: number, endStream: boolean, bytes: Buffer, start: number, end: number): void {
    const stream = this.streams.get(streamId);
    if (stream) this.#onTrailers(stream, endStream, bytes, start, end);
    else if (streamId <= this.#lastStreamId) this.#onLateHeaders(streamId, bytes, start, end);
    else this.#onCall(streamId, endStream, bytes, start, end);
  }

  #onCall(streamId: number, endStream: boolean, bytes: Buffer, start: number, end: number): void {
    if (streamId % 2 === 0) throw new ConnectionError(ErrorCode.protocolError, 'a client opened an even stream');
    this.#lastStreamId = streamId;
    const head = this.#heads.read(bytes, start, end);
    // The client asks again elsewhere: it was told.
    if (streamId > this.#lastTaken) return;
    const isMalformed = head.kind === 'malformed' || (head.kind === 'head' && endStream && !!head.contentLength);
    if (isMalformed) {
      this.onPeerReset();
      this.#refuse(streamId, ErrorCode.protocolError);
    } else if (this.streams.size >= this.bounds.streams) this.#refuse(streamId, ErrorCode.refusedStream);
    else if (head.kind === 'too-large') {
      this.frames.headers(streamId, true, headersTooLarge, headersTooLarge, 0);
      if (!endStream) this.#refuse(streamId, ErrorCode.noError);
    } else {
      if (this.streams.size === 0) this.deadline = this.parts.deadlines.after(this.parts.timeouts.idleMs);
      const call = new Call(this.parts);
      const stream = new Http2Stream(this, streamId, call);
      stream.hasReceivedEnd = endStream;
      stream.owedBytes = head.contentLength;
      this.streams.set(streamId, stream);
      call.begin(stream, head);
    }
  }

  /** Of a request only their end counts: nobody is known to wait for them. */
  #onTrailers(stream: Http2Stream, endStream: boolean, bytes: Buffer, start: number, end: number): void {
    const list = this.decoder.decode(bytes, start, end);
    if (stream.hasReceivedEnd) {
      this.breaks(stream, ErrorCode.streamClosed);
    } else if (
      !endStream ||
      (stream.owedBytes ?? 0) > 0 ||
      (list !== 'too-large' && trailersProblem(list) !== undefined)
    ) {
      this.breaks(stream, ErrorCode.protocolError);
    } else {
      this.endReceived(stream);
      stream.user.onData(stream, true, bytes, start, start);
    }
  }

  #onLateHeaders(streamId: number, bytes: Buffer, start: number, end: number): void {
    this.decoder.decode(bytes, start, end);
    if (!this.mayStillCome(streamId)) throw new ConnectionError(ErrorCode.streamClosed, 'HEADERS on a closed stream');
  }

  #refuse(streamId: number, code: number): void {
    this.frames.rstStream(streamId, code);
    this.remember(streamId);
  }

  protected onPeerReset(): void {
    if (!this.#resets.take()) throw new ConnectionError(ErrorCode.enhanceYourCalm, 'too many streams were reset');
  }

  onGoaway(): void {
    // The client makes no more calls; it hears how those that it made end.
    this.closeIdle();
  }

  protected onPeerSettings(): void {
    if (this.streams.size === 0) this.deadline = this.parts.deadlines.after(this.parts.timeouts.idleMs);
  }

  protected onStreamClosed(): void {
    if (this.streams.size > 0) return;
    if (this.#goaway === 'final') this.#closeIfIdle();
    else this.deadline = this.parts.deadlines.after(this.parts.timeouts.idleMs);
  }

  protected hangUp(): void {
    this.parts.deadlines.delete(this);
    this.frames.release();
    const socket = this.#socket;
    // Read on for a while: closed with bytes unread, the connection would be reset, and GOAWAY lost with it.
    const timer = setTimeout(() => socket.destroy(), this.parts.timeouts.lingerMs);
    socket.once('close', () => clearTimeout(timer));
    this.writer.end();
    socket.resume();
  }

  #goawayFinally(): void {
    if (this.#goaway === 'final') return;
    this.#goaway = 'final';
    this.#lastTaken = this.#lastStreamId;
    this.frames.goaway(this.#lastStreamId, ErrorCode.noError);
  }

  #closeIfIdle(): void {
    if (this.isClosed || this.streams.size > 0) return;
    this.isClosed = true;
    this.hangUp();
  }

  /**
   * While there are calls, this looks every `idleMs` whether the client takes anything of its answers: held back by windows
   * of 0, or by never reading, they would be kept for ever, and the instances busy with them.
   */
  #endStalled(): void {
    this.deadline = this.parts.deadlines.after(this.parts.timeouts.idleMs);
    if (this.frames.isCongested && this.#wasCongested) {
      this.#socket.destroy();
      return;
    }
    this.#wasCongested = this.frames.isCongested;
    for (const stream of this.streams.values()) {
      if (stream.isHolding && !stream.hasMoved) this.abandon(stream, ErrorCode.cancel);
      stream.hasMoved = false;
    }
  }

  #listen(): void {
    this.#socket
      .on('drain', this.#onDrain)
      .on('end', this.#onEnd)
      .on('error', this.#onError)
      .on('close', this.#onClose);
  }

  readonly #onData = (bytes: Buffer): void => this.#onBytes(bytes, bytes.length);

  readonly #onBytes = (bytes: Buffer, length: number): void => {
    let start = 0;
    // All that is read is copied at once: no buffer of its own is needed.
    if (this.#socket instanceof AcceptedSocket) this.#socket.share(true);
    if (this.#prefaceBytes < preface.length) {
      start = Math.min(length, preface.length - this.#prefaceBytes);
      if (!bytes.subarray(0, start).equals(preface.subarray(this.#prefaceBytes, this.#prefaceBytes + start))) {
        this.fail(ErrorCode.protocolError, 'this is not HTTP/2');
        return;
      }
      this.#prefaceBytes += start;
      setImmediate(this.#readDirectly);
    }
    this.read(start === 0 ? bytes : bytes.subarray(start, length), length - start);
    if (!this.isClosed && this.#socket.writableLength > mostUnread) this.#socket.pause();
  };

  readonly #onDrain = (): void => {
    this.#wasCongested = false;
    this.drained();
    if (this.#socket.isPaused()) this.#socket.resume();
  };
  /** A client that ends its side of the connection reads no more answers. */
  readonly #onEnd = (): void => {
    this.#socket.destroy();
  };
  readonly #onError = (): void => {
    // It closes too.
  };
  readonly #onClose = (): void => {
    this.parts.forget(this);
    this.lose();
  };

  /** One that is kept is worth it. */
  readonly #readDirectly = (): void => {
    if (this.isClosed || !this.writer.isDone) return;
    if (!canBeTakenOver(this.#socket)) return;
    const { parts } = this;
    this.#socket.off('data', this.#onData).off('drain', this.#onDrain).off('end', this.#onEnd);
    this.#socket.off('error', this.#onError).off('close', this.#onClose);
    this.#socket = new AcceptedSocket(this.#socket, parts.buffers, this.#onBytes);
    this.changeSocket(new SocketWriter(this.#socket, parts));
    this.#listen();
  };
}
