import { type OnReadOpts, Socket, type SocketConstructorOpts } from 'node:net';
import { Duplex } from 'node:stream';
import { DirectReading, type Reader } from './direct-reading.ts';
import type { Buffers } from './buffers.ts';

/** What Node has under a socket. It is no public name, but the one that `cluster`, `http` and `tls` are built on. */
interface HandleHolder {
  _handle: object | null;
}

interface TakeOverOptions extends SocketConstructorOpts {
  readonly handle: object | null;
  /** Not to read before somebody asks. */
  readonly manualStart: boolean;
  readonly onread: OnReadOpts;
}

/**
 * A client's connection that can be read directly. Node offers that for connections that are made, not for those that are
 * accepted: this one takes the handle of one that was. Until `readTo`, and after `readAsStream`, it is a socket as any
 * other.
 */
export class AcceptedSocket extends Socket {
  readonly #reading: DirectReading;
  #reader: Reader | undefined;

  /** @param accepted not read from yet; its handle is taken over, and nothing is left of it */
  constructor(accepted: Socket, buffers: Buffers) {
    let read: Reader = () => false;
    const reading = new DirectReading(buffers, (bytes, length, isShared) => read(bytes, length, isShared));
    const holder = accepted as unknown as HandleHolder;
    const { _handle: handle } = holder;
    // oxlint-disable-next-line no-underscore-dangle -- Node's own name
    holder._handle = null;
    accepted.destroy();
    const options: TakeOverOptions = {
      handle,
      manualStart: true,
      allowHalfOpen: true,
      readable: true,
      writable: true,
      onread: reading.onread,
    };
    super(options);
    this.#reading = reading;
    read = (bytes, length, isShared) => {
      if (this.#reader) return this.#reader(bytes, length, isShared);
      const wantsMore = this.push(Buffer.from(bytes.subarray(0, length)));
      return wantsMore ? undefined : false;
    };
  }

  readTo(reader: Reader): void {
    this.#reader = reader;
  }

  readAsStream(): void {
    this.#reader = undefined;
    this.#reading.share(false);
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
