import { connect, type Socket } from 'node:net';
import type { Address } from '../../proto/channel/address.ts';
import type { Bounded, Deadlines } from '../deadlines.ts';
import { DirectReading } from '../sockets/direct-reading.ts';
import type { WriteParts } from '../sockets/socket-writer.ts';
import { handleOf } from '../sockets/stream-handle.ts';
import type { GrpcBounds } from './bounds.ts';
import { Http2Connection } from './connection/http2-connection.ts';
import { Http2Stream, type StreamUser } from './connection/http2-stream.ts';
import { ConnectionError, ErrorCode, maxStreamId, preface, Setting } from './frames/protocol.ts';
import { AnswerHeads } from './heads/answer-heads.ts';

export interface InstanceConnectionOptions {
  readonly address: Address;
  readonly parts: WriteParts;
  readonly bounds: GrpcBounds;
  readonly deadlines: Deadlines;
  readonly connectMs: number;
  /** How long the instance may be silent when a call was sent, in milliseconds. */
  readonly silentMs: number;
  /** How long it rests without calls before it is closed, in milliseconds. */
  readonly idleMs: number;
  /** It can be used from now on. */
  readonly onConnected: () => void;
  /** A stream has ended: there is room for another. */
  readonly onRoom: () => void;
  /** No more calls are to go here: either side has begun to end it, or it could not be made (`error`). */
  readonly onUnusable: (error: Error | undefined) => void;
}

/**
 * What was heard of the instance since a call was sent to it. One that hangs keeps its connections, and with them the calls
 * that have no deadline.
 *
 *   heard ─a call─▶ due ─silentMs─▶ silent ─silentMs: PING─▶ asked ─silentMs─▶ given up
 *     ▲                               │                        │
 *     └──────────────── whatever comes ────────────────────────┘
 *
 * What comes while a call is `due` was sent before the instance had it, perhaps. Where nothing was sent, nothing is asked:
 * servers end connections of peers that send PING again and again.
 */
type Silence = 'heard' | 'due' | 'silent' | 'asked';

/** A connection to an HTTP/2 instance, by prior knowledge (RFC 9113 section 3.3), that the calls of all clients share. */
export class InstanceConnection extends Http2Connection implements Bounded {
  readonly socket: Socket;
  readonly heads: AnswerHeads;
  deadline: number;
  readonly #connection: InstanceConnectionOptions;
  #nextStreamId = 1;
  #isConnected = false;
  #isUsable = true;
  #silence: Silence = 'heard';
  #error: Error | undefined;

  constructor(options: InstanceConnectionOptions) {
    const { address, parts, deadlines, connectMs } = options;
    const reading = new DirectReading(parts.buffers, (bytes, length, isShared) => {
      if (this.#silence !== 'due') this.#silence = 'heard';
      this.read(bytes, length);
      // All of it was copied: no buffer of its own is needed.
      if (!isShared) reading.share(true);
    });
    const socket = connect({
      ...address,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: 60_000,
      onread: reading.onread,
    });
    super(socket, {
      parts,
      peerIsServer: true,
      bounds: options.bounds,
    });
    this.#connection = options;
    this.socket = socket;
    this.heads = new AnswerHeads(this.decoder);
    this.deadline = deadlines.after(connectMs);
    deadlines.add(this);
    socket
      .once('connect', () => {
        const handle = handleOf(socket);
        if (handle) reading.shortCut(handle);
        this.frames.raw(preface);
        this.begin([[Setting.enablePush, 0]]);
      })
      .on('drain', () => this.drained())
      .once('end', () => socket.destroy())
      .once('error', (error) => {
        this.#error = error;
      })
      .once('close', () => {
        reading.close();
        deadlines.delete(this);
        this.lose();
        this.#unusable();
      });
  }

  /**
   * Whether the instance has sent its SETTINGS: only then is it known to speak HTTP/2, to be awake (the kernel accepts
   * connections for one that hangs), and how many calls it takes at once.
   */
  get isConnected(): boolean {
    return this.#isConnected;
  }

  /** Whether a call was ever opened on it. */
  get wasUsed(): boolean {
    return this.#nextStreamId > 1;
  }

  /** Whether another call can be opened now. */
  get hasRoom(): boolean {
    return this.#isUsable && this.#isConnected && this.streams.size < this.peerMaxStreams;
  }

  open(user: StreamUser): Http2Stream {
    const stream = new Http2Stream(this, this.#nextStreamId, user);
    this.#nextStreamId += 2;
    this.streams.set(stream.id, stream);
    if (this.#silence === 'heard') this.#silence = 'due';
    if (this.streams.size === 1) this.#listenOn();
    if (this.#nextStreamId > maxStreamId) this.#unusable();
    return stream;
  }

  onDeadline(): void {
    if (this.#isConnected && this.streams.size > 0) {
      this.#listenOn();
      this.#checkSilence();
      return;
    }
    this.deadline = Number.POSITIVE_INFINITY;
    if (this.isClosed) this.destroy();
    else if (this.#isConnected) this.close();
    else this.socket.destroy(new Error(`no HTTP/2 connection within ${this.#connection.connectMs} ms`));
  }

  /** Ends it, after its calls. */
  close(): void {
    this.#unusable();
    if (this.isClosed || this.streams.size > 0) return;
    this.frames.goaway(0, ErrorCode.noError);
    this.isClosed = true;
    this.hangUp();
  }

  /** Ends it at once. */
  destroy(): void {
    this.socket.destroy();
  }

  protected get lastPeerStreamId(): number {
    return 0;
  }

  protected isIdle(streamId: number): boolean {
    return streamId % 2 === 0 || streamId >= this.#nextStreamId;
  }

  onHeaderBlock(streamId: number, endStream: boolean, bytes: Buffer, start: number, end: number): void {
    const stream = this.streams.get(streamId);
    if (stream === undefined || stream.hasReceivedEnd) {
      if (this.isIdle(streamId)) throw new ConnectionError(ErrorCode.protocolError, 'HEADERS on an idle stream');
      this.decoder.decode(bytes, start, end);
      return;
    }
    // What cannot be read ends the connection, of which the stream hears as long as it is not over.
    stream.hasReceivedEnd = endStream;
    stream.user.onHeaders(stream, endStream, bytes, start, end);
    if (endStream) this.endReceived(stream);
  }

  protected onPeerReset(): void {
    // An instance resets what it does not want to serve.
  }

  /** The instance takes no more calls; those above `lastStreamId` it has not touched (RFC 9113 section 6.8). */
  onGoaway(lastStreamId: number): void {
    this.#unusable();
    for (const stream of this.streams.values()) {
      if (stream.id <= lastStreamId) continue;
      this.closed(stream, false);
      stream.user.onLost(stream, true);
    }
    this.close();
  }

  protected onPeerSettings(): void {
    if (this.#isConnected) {
      this.#connection.onRoom();
      return;
    }
    this.#isConnected = true;
    this.deadline = this.#connection.deadlines.after(this.#connection.idleMs);
    this.#connection.onConnected();
  }

  protected onStreamClosed(): void {
    if (this.streams.size === 0) {
      if (this.#isUsable) this.deadline = this.#connection.deadlines.after(this.#connection.idleMs);
      else this.close();
    }
    this.#connection.onRoom();
  }

  protected hangUp(): void {
    this.frames.release();
    this.writer.release();
    // An instance that reads no more would keep it for ever.
    this.deadline = this.#connection.deadlines.after(this.#connection.silentMs);
    this.socket.destroySoon();
  }

  #listenOn(): void {
    this.deadline = this.#connection.deadlines.after(this.#connection.silentMs);
  }

  #checkSilence(): void {
    if (this.#silence === 'due') this.#silence = 'silent';
    else if (this.#silence === 'silent') {
      this.#silence = 'asked';
      this.frames.ping(false, preface, 0);
    } else if (this.#silence === 'asked') {
      // After a turn that took long the answer may be there, unread: sockets are read before this runs.
      setImmediate(() => {
        if (this.#silence === 'asked') this.socket.destroy(new Error('the instance does not answer PING'));
      });
    }
  }

  #unusable(): void {
    if (!this.#isUsable) return;
    this.#isUsable = false;
    this.#connection.onUnusable(this.#error);
  }
}
