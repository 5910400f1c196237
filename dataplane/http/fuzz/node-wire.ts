import { Duplex } from 'node:stream';

/** A connection for `node:http`, without a network, that plays bytes and hears nothing. */
export class NodeWire extends Duplex {
  constructor() {
    super({ allowHalfOpen: true });
    this.on('error', () => {});
  }

  override _read(): void {}

  override _write(_chunk: Buffer, _encoding: string, done: () => void): void {
    done();
  }

  /** Plays these bytes, then the end of the connection. Resolves when `node:http` is through with it. */
  async play(pieces: readonly Buffer[]): Promise<void> {
    const closed = new Promise((resolve) => {
      this.once('close', resolve);
    });
    for (const piece of pieces) {
      if (this.destroyed) break;
      this.push(piece);
      await new Promise(setImmediate);
    }
    if (!this.destroyed) this.push(null);
    await closed;
  }

  // What `node:http` asks of sockets beside a stream.
  setKeepAlive(): this {
    return this;
  }
  setNoDelay(): this {
    return this;
  }
  setTimeout(): this {
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
}
