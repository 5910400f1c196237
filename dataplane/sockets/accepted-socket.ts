import { type OnReadOpts, Socket, type SocketConstructorOpts } from 'node:net';
import { Duplex } from 'node:stream';
import type { Buffers } from './buffers.ts';
import { DirectReading, type Reader } from './direct-reading.ts';
import { handleOf, type StreamHandle, takeHandle } from './stream-handle.ts';

interface TakeOverOptions extends SocketConstructorOpts {
  readonly handle: StreamHandle | null;
  readonly onread: OnReadOpts;
}

/** Whether a socket can be taken over now: one of TCP, that was accepted, with nothing on its way through its streams. */
export function canBeTakenOver(socket: Socket): boolean {
  const isPlain = Object.getPrototypeOf(socket) === Socket.prototype && handleOf(socket) !== null;
  return isPlain && !socket.isPaused() && socket.readableLength === 0 && socket.writableLength === 0;
}

/**
 * A client's connection that is read directly. Node offers that for connections that are made, not for those that are
 * accepted: this one takes over the handle of one that was. After `readAsStream` it is a socket as any other, but that HTTP
 * must not read the handle itself: `node:http2` passes on an empty reading to it, on which Node aborts (seen in 20.20,
 * CustomBufferJSListener::OnStreamRead). So it is for HTTP/1.1 only.
 */
export class AcceptedSocket extends Socket {
  readonly #reading: DirectReading;
  #reader: Reader | undefined;

  /** @param accepted is closed when this one is, and closes this one */
  constructor(accepted: Socket, buffers: Buffers, reader: Reader) {
    let read: Reader = () => false;
    const reading = new DirectReading(buffers, (bytes, length, isShared) => read(bytes, length, isShared));
    const handle = takeHandle(accepted);
    const options: TakeOverOptions = {
      handle,
      allowHalfOpen: true,
      readable: true,
      writable: true,
      onread: reading.onread,
    };
    super(options);
    if (handle) reading.shortCut(handle);
    this.#reading = reading;
    this.#reader = reader;
    read = (bytes, length, isShared) => {
      if (this.#reader) return this.#reader(bytes, length, isShared);
      const wantsMore = this.push(Buffer.from(bytes.subarray(0, length)));
      return wantsMore ? undefined : false;
    };
    accepted.once('close', () => this.destroy());
    this.once('close', () => {
      reading.close();
      accepted.destroy();
    });
  }

  readAsStream(): void {
    this.#reader = undefined;
    this.#reading.share(false);
    this.#reading.goTheLongWay();
    const handle = handleOf(this);
    // oxlint-disable-next-line no-underscore-dangle -- Node's own name
    if (handle) handle._consumed = true;
  }

  /** As a stream it reads on until that is full, and so hears of a client that leaves also where nobody reads. */
  override pause(): this {
    if (this.#reader) return super.pause();
    Duplex.prototype.pause.call(this);
    return this;
  }

  /** As `DirectReading.share`. */
  share(isFree: boolean): void {
    this.#reading.share(isFree);
  }
}
