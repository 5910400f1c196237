import { connect, type Socket } from 'node:net';
import type { Address } from '../../../proto/channel/address.ts';
import { DirectReading, type Reader } from '../../sockets/direct-reading.ts';
import { SocketWriter, type WriteParts } from '../../sockets/socket-writer.ts';
import { handleOf } from '../../sockets/stream-handle.ts';
import { AnswerMemory } from './answer-memory.ts';
import type { Bounded } from '../../deadlines.ts';

/** Hears what becomes of a connection for as long as it has it. */
export interface UpstreamUser {
  onConnected(): void;
  onInstanceBytes: Reader;
  /** What was written has left. */
  onInstanceDrain(): void;
  /** The instance ended its side, after which nothing more comes. */
  onInstanceEnd(): void;
  /** The connection failed or closed; nothing is heard of it after that. */
  onInstanceGone(error: Error | undefined): void;
}

export interface UpstreamConnectionOptions {
  readonly address: Address;
  /** The deadline of the connection. */
  readonly connectBy: number;
  readonly parts: WriteParts;
  readonly user: UpstreamUser;
  /** Told when the connection is gone, whoever had it. */
  readonly onClose: (connection: UpstreamConnection) => void;
}

/** A connection to an HTTP/1.1 instance, which one request at a time has for itself. */
export class UpstreamConnection implements Bounded {
  readonly socket: Socket;
  readonly writer: SocketWriter;
  readonly memory = new AnswerMemory();
  /** Whether it has served a request before. */
  wasUsed = false;
  /** For how long the instance keeps it at rest, as far as it said, in milliseconds. */
  keepAliveMs = Number.POSITIVE_INFINITY;
  restingSince = 0;
  deadline: number;
  readonly #reading: DirectReading;
  #user: UpstreamUser | undefined;
  #error: Error | undefined;

  constructor({ address, connectBy, parts, user, onClose }: UpstreamConnectionOptions) {
    this.#user = user;
    this.deadline = connectBy;
    this.#reading = new DirectReading(parts.buffers, (bytes, length, isShared) => {
      if (this.#user) this.#user.onInstanceBytes(bytes, length, isShared);
      // Nobody asked: what comes cannot be told from an answer to whoever asks next.
      else this.socket.destroy();
    });
    this.socket = connect({
      ...address,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: 60_000,
      onread: this.#reading.onread,
    })
      .once('connect', () => {
        this.deadline = Number.POSITIVE_INFINITY;
        const handle = handleOf(this.socket);
        if (handle) this.#reading.shortCut(handle);
        this.#user?.onConnected();
      })
      .on('drain', () => this.#user?.onInstanceDrain())
      .once('end', () => {
        if (this.#user) this.#user.onInstanceEnd();
        else this.socket.destroy();
      })
      .once('error', (error) => {
        this.#error = error;
      })
      .once('close', () => {
        this.#reading.close();
        onClose(this);
        this.#user?.onInstanceGone(this.#error);
      });
    this.writer = new SocketWriter(this.socket, parts);
  }

  get isUsable(): boolean {
    return !this.socket.destroyed && this.socket.writable;
  }

  /** As `DirectReading.share`. */
  share(isFree: boolean): void {
    this.#reading.share(isFree);
  }

  /** Gives it to another user, or to none while it rests. */
  give(user: UpstreamUser | undefined): void {
    this.#user = user;
  }

  /** Closes it without a word to its user. */
  discard(): void {
    this.#user = undefined;
    this.socket.destroy();
  }

  onDeadline(): void {
    if (this.socket.connecting) {
      this.deadline = Number.POSITIVE_INFINITY;
      this.socket.destroy(new Error('the connection was not made in time'));
    } else this.discard();
  }
}
