import type { Socket } from 'node:net';
import { type Peer, peerOf } from '../../headers/peer.ts';
import { maxHeadBytes } from '../../limits.ts';
import { AcceptedSocket, canBeTakenOver } from '../../sockets/accepted-socket.ts';
import type { Reader } from '../../sockets/direct-reading.ts';
import { SocketWriter } from '../../sockets/socket-writer.ts';
import type { Bounded } from '../../deadlines.ts';
import type { FastLaneParts } from './lane.types.ts';
import type { HeadersMemory } from './request-head.ts';
import { RequestTexts } from './request-text.ts';
import { type Event, handedOver, type HandedOver, type State } from './state.ts';
import { transition } from './transition.ts';
import type { UpstreamUser } from './upstream-connection.ts';

/**
 * A client's connection in the fast lane: turns what its sockets do into events, and holds the state that these lead to.
 * Everything else here is what the states do to the connection.
 */
export class ClientConnection implements UpstreamUser, Bounded {
  socket: Socket;
  writer: SocketWriter;
  readonly parts: FastLaneParts;
  deadline: number;
  /** Whether the client has ended its side. */
  hasEnded = false;
  /** Whether a request was served before. */
  wasUsed = false;
  #state: State = { kind: 'reading', received: undefined };
  /** What came behind the present request. */
  #pipelined: Buffer | undefined;
  /** Of the last request. */
  readonly headers: HeadersMemory = { section: undefined, reading: undefined };
  readonly requestTexts = new RequestTexts();
  #peer: Peer | undefined;

  constructor(socket: Socket, parts: FastLaneParts) {
    this.socket = socket;
    this.writer = new SocketWriter(socket, parts);
    this.parts = parts;
    this.deadline = parts.deadlines.after(parts.timeouts.requestHeadMs);
    parts.deadlines.add(this);
    socket.on('data', this.#onData);
    this.#listen();
  }

  #listen(): void {
    this.socket.on('drain', this.#onDrain).on('end', this.#onEnd).on('error', this.#onError).on('close', this.#onClose);
  }

  #stopListening(): void {
    const { socket } = this;
    socket.off('data', this.#onData).off('drain', this.#onDrain).off('end', this.#onEnd);
    socket.off('error', this.#onError).off('close', this.#onClose);
  }

  get isResting(): boolean {
    return this.#state.kind === 'reading' && this.#state.received === undefined;
  }

  /** Whether the present request is the client's last: it has ended its side, and nothing has come behind. */
  get asksNoMore(): boolean {
    return this.hasEnded && this.#pipelined === undefined;
  }

  get peer(): Peer {
    return (this.#peer ??= peerOf(this.socket, this.parts.trustedProxies));
  }

  /** The one place where the state changes. */
  #happens(event: Event): void {
    this.#state = transition(this.#state, event, this);
  }

  readonly #onBytes: Reader = (bytes, length, isShared) =>
    this.#happens({ kind: 'client-bytes', bytes, length, isShared });
  /** Of TLS, which is a stream. */
  readonly #onData = (bytes: Buffer): void => {
    this.#onBytes(bytes, bytes.length, false);
  };
  readonly #onDrain = (): void => this.#happens({ kind: 'client-drain' });
  readonly #onEnd = (): void => {
    this.hasEnded = true;
    this.#happens({ kind: 'client-end' });
  };
  readonly #onError = (): void => {
    // It closes too.
  };
  readonly #onClose = (): void => {
    this.parts.forget(this);
    this.#happens({ kind: 'client-gone' });
  };

  onConnected(): void {
    this.#happens({ kind: 'connected' });
  }

  onInstanceBytes(bytes: Buffer, length: number, isShared: boolean): void {
    this.#happens({ kind: 'instance-bytes', bytes, length, isShared });
  }

  onInstanceDrain(): void {
    this.#happens({ kind: 'instance-drain' });
  }

  onInstanceEnd(): void {
    this.#happens({ kind: 'instance-end' });
  }

  onInstanceGone(error: Error | undefined): void {
    this.#happens({ kind: 'instance-gone', error });
  }

  onClosing(): void {
    this.#happens({ kind: 'closing' });
  }

  onDeadline(): void {
    this.deadline = Number.POSITIVE_INFINITY;
    this.#happens({ kind: 'deadline' });
  }

  /** Waits for what comes next for at most so many milliseconds. */
  within(ms: number): void {
    this.deadline = this.parts.deadlines.after(ms);
  }

  /**
   * The request that was read is over: what comes next is another.
   *
   * @param isFree whether all that was read of it has left
   */
  readNext(isFree: boolean): void {
    if (this.socket instanceof AcceptedSocket) this.socket.share(isFree);
    // One that is kept is worth it. Later, as the answer is just leaving.
    else if (!this.socket.destroyed) setImmediate(this.#readDirectly);
  }

  readonly #readDirectly = (): void => {
    if (!this.isResting || this.hasEnded || !this.writer.isDone || !canBeTakenOver(this.socket)) return;
    this.#stopListening();
    this.socket = new AcceptedSocket(this.socket, this.parts.buffers, this.#onBytes);
    this.writer = new SocketWriter(this.socket, this.parts);
    this.#listen();
  };

  /**
   * Keeps a copy of what came behind the present request until that is over. Much more is not taken in; a little is, as a connection
   * that nobody reads from does not tell that its client left.
   */
  keepForLater(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#pipelined = Buffer.concat(this.#pipelined === undefined ? [bytes] : [this.#pipelined, bytes]);
    if (this.#isFull) this.socket.pause();
  }

  get #isFull(): boolean {
    return this.#pipelined !== undefined && this.#pipelined.length > maxHeadBytes;
  }

  /** What came behind the request that is over now. */
  takeKept(): Buffer | undefined {
    const kept = this.#pipelined;
    this.#pipelined = undefined;
    this.readMore();
    return kept;
  }

  /** Takes in more again, but for what would have to wait. */
  readMore(): void {
    if (!this.#isFull && this.socket.isPaused()) this.socket.resume();
  }

  /** Gives the connection to the full lane, with what was read of the present request put back. */
  handOver(bytes: Buffer): HandedOver {
    const { socket, parts } = this;
    parts.forget(this);
    this.#stopListening();
    this.writer.release();
    socket.pause();
    if (socket instanceof AcceptedSocket) socket.readAsStream();
    socket.unshift(Buffer.from(bytes));
    (this.wasUsed ? parts.declinedLater : parts.declined).accept(socket);
    return handedOver;
  }
}
