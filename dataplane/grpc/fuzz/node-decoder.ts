import * as http2 from 'node:http2';
import { type Duplex, duplexPair } from 'node:stream';
import { flag, type Frame, frame, framesOf, frameType, preface, settings, settingsAck } from '../hpack/wire.fixture.ts';

/** What `node:http2` makes of a header block that a client sends. */
export type Outcome =
  | { readonly kind: 'request'; readonly fields: readonly string[]; readonly secrets: readonly string[] }
  /** It could be decoded, but is no request: its stream was reset. */
  | { readonly kind: 'refused' }
  /** The connection was ended, with this code. */
  | { readonly kind: 'ended'; readonly code: number };

/** A server of `node:http2`, of which the decoder is looked at, behind a connection of frames. */
export class NodeDecoder {
  readonly #wire: Duplex;
  readonly #frames: AsyncGenerator<Frame>;
  readonly #requests = new Map<number, Extract<Outcome, { kind: 'request' }>>();
  #session!: http2.ServerHttp2Session;
  #nextStream = 1;

  private constructor(wire: Duplex) {
    this.#wire = wire;
    this.#frames = framesOf(wire);
  }

  /** Begins with a table of 4,096 bytes. */
  static async start(): Promise<NodeDecoder> {
    const [nodeSide, ourSide] = duplexPair();
    const decoder = new NodeDecoder(ourSide);
    const server = http2.createServer({ settings: { maxConcurrentStreams: 100 } });
    server.on('sessionError', () => {});
    server.on('session', (session) => {
      decoder.#session = session;
    });
    server.on('stream', (stream, head, _flags, fields: string[] = []) => {
      stream.on('error', () => {});
      const { [http2.sensitiveHeaders]: secrets = [] } = head as { [http2.sensitiveHeaders]?: string[] };
      decoder.#requests.set(stream.id ?? 0, { kind: 'request', fields, secrets });
    });
    server.emit('connection', nodeSide);
    ourSide.write(Buffer.concat([preface, settings()]));
    await decoder.#acknowledge();
    return decoder;
  }

  /** Announces another table size, and acknowledges it. */
  async setMaxTableBytes(bytes: number): Promise<void> {
    this.#session.settings({ headerTableSize: bytes });
    await this.#acknowledge();
  }

  async decode(block: Buffer): Promise<Outcome> {
    const stream = this.#nextStream;
    this.#nextStream += 2;
    let isRefused = false;
    this.#wire.write(frame(frameType.headers, flag.endStream | flag.endHeaders, stream, block));
    this.#wire.write(frame(frameType.ping, 0, 0, Buffer.alloc(8)));
    for (;;) {
      const { type, flags, stream: of, payload } = await this.#next();
      if (type === frameType.goaway) return { kind: 'ended', code: payload.readUInt32BE(4) };
      if (type === frameType.rstStream && of === stream) isRefused = true;
      if (type === frameType.ping && flags === flag.ack) break;
    }
    if (isRefused) return { kind: 'refused' };
    // It is told of in a turn of its own.
    await new Promise(setImmediate);
    return this.#requests.get(stream) ?? { kind: 'refused' };
  }

  close(): void {
    this.#session.destroy();
    this.#wire.destroy();
  }

  async #acknowledge(): Promise<void> {
    for (;;) {
      const { type, flags } = await this.#next();
      if (type !== frameType.settings || flags === flag.ack) continue;
      this.#wire.write(settingsAck);
      return;
    }
  }

  async #next(): Promise<Frame> {
    const next = await this.#frames.next();
    if (next.done) throw new Error('node:http2 ended the connection without GOAWAY');
    return next.value;
  }
}
