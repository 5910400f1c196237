import { createServer, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import type { TcpAddress } from '../../../proto/channel/address.ts';
import { connectOn, listenOn } from '../../on-stack.fixture.ts';
import { HpackDecoder } from '../hpack/decoder.ts';
import { type Frame, flag, ping, preface, setting, settings, settingsAck, type } from './frames.fixture.ts';

/** One side of an HTTP/2 connection that sends what the test says, right or wrong, and sees each frame that comes. */
export class RawPeer {
  readonly socket: Socket;
  /** Frames that came and were not waited for yet. */
  readonly frames: Frame[] = [];
  isClosed = false;
  /** What broke a rule that this side can see. */
  readonly faults: string[] = [];
  /** Called for each frame, before it can be waited for. */
  onFrame: (frame: Frame) => void = () => {};
  /** How many octets are written at once. */
  pieceBytes = Number.POSITIVE_INFINITY;
  readonly #decoder = new HpackDecoder({ maxListBytes: 1024 * 1024 });
  #rest = Buffer.alloc(0);
  #toSkip: number;
  #window = 65_535;
  #initialWindow = 65_535;
  readonly #windows = new Map<number, number>();
  readonly #unacked: Buffer[] = [];
  #waiting: (() => void)[] = [];
  #sending: Promise<void> = Promise.resolve();

  /** @param toSkip the octets before the first frame: those of a client's preface */
  constructor(socket: Socket, toSkip = 0) {
    this.socket = socket;
    this.#toSkip = toSkip;
    socket
      .setNoDelay()
      .on('data', (bytes) => this.#read(bytes))
      .on('error', () => {})
      .on('close', () => {
        this.isClosed = true;
        this.#arrived();
      });
  }

  async send(...frames: readonly Buffer[]): Promise<void> {
    for (const each of frames) this.#note(each);
    const bytes = Buffer.concat(frames);
    const before = this.#sending;
    this.#sending = (async () => {
      await before;
      for (let at = 0; at < bytes.length && !this.isClosed; at += this.pieceBytes) {
        this.socket.write(bytes.subarray(at, at + this.pieceBytes));
        if (this.pieceBytes < bytes.length) await turn();
      }
    })();
    await this.#sending;
  }

  /** The next frame of that type (and stream), when it has come; those before it stay. */
  next(kind: number, stream?: number): Promise<Frame> {
    return this.until((each) => each.type === kind && (stream === undefined || each.stream === stream));
  }

  /** The next frame that is wanted, when it has come; those before it stay. */
  async until(isWanted: (frame: Frame) => boolean): Promise<Frame> {
    for (;;) {
      const index = this.frames.findIndex(isWanted);
      if (index >= 0) return this.frames.splice(index, 1)[0] as Frame;
      if (this.isClosed) throw new Error('the connection was closed before what was waited for');
      await this.#change();
    }
  }

  /** The code of the reset of a stream. */
  async reset(stream: number): Promise<number> {
    return (await this.next(type.rstStream, stream)).payload.readUInt32BE(0);
  }

  /** What the last GOAWAY says, once the connection was closed behind it. */
  async ended(): Promise<{ readonly lastStream: number; readonly code: number }> {
    const { payload } = await this.next(type.goaway);
    await this.gone();
    return { lastStream: payload.readUInt32BE(0), code: payload.readUInt32BE(4) };
  }

  async gone(): Promise<void> {
    while (!this.isClosed) await this.#change();
  }

  /** All that was sent was read by the other side. */
  async settled(): Promise<void> {
    const text = `ping ${String(Math.random()).slice(2, 5)}`;
    await this.send(ping(text));
    for (;;) {
      const { flags, payload } = await this.next(type.ping);
      if (flags === flag.ack && payload.toString() === text) return;
    }
  }

  /** The fields of a header block that came in one frame; to be called in their order. */
  fields({ payload }: Frame): Record<string, string> {
    const list = this.#decoder.decode(payload, 0, payload.length);
    return Object.fromEntries(list === 'too-large' ? [] : list.map(([name, value]) => [name, value]));
  }

  #change(): Promise<void> {
    return new Promise((resolve) => void this.#waiting.push(resolve));
  }

  #arrived(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  #read(bytes: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    if (this.#rest.length < this.#toSkip) return;
    this.#rest = this.#rest.subarray(this.#toSkip);
    this.#toSkip = 0;
    while (this.#rest.length >= 9 && this.#rest.length >= 9 + this.#rest.readUIntBE(0, 3)) {
      const end = 9 + this.#rest.readUIntBE(0, 3);
      const came: Frame = {
        type: this.#rest.readUInt8(3),
        flags: this.#rest.readUInt8(4),
        stream: this.#rest.readUInt32BE(5),
        payload: this.#rest.subarray(9, end),
      };
      this.#rest = this.#rest.subarray(end);
      this.#check(came);
      this.frames.push(came);
      this.onFrame(came);
    }
    this.#arrived();
  }

  /** Holds the other side to the windows that it was given (section 6.9). */
  #check({ type: kind, flags, stream, payload }: Frame): void {
    if (payload.length > 16_384) this.faults.push(`a frame of ${payload.length} bytes`);
    if (kind === type.settings && flags === flag.ack) this.#apply(this.#unacked.shift());
    if (kind !== type.data) return;
    this.#window -= payload.length;
    const window = (this.#windows.get(stream) ?? this.#initialWindow) - payload.length;
    this.#windows.set(stream, window);
    if (payload.length > 0 && (window < 0 || this.#window < 0))
      this.faults.push(`DATA on stream ${stream} beyond its window: ${window}, ${this.#window}`);
  }

  /** What this side sends changes what the other may. */
  #note(sent: Buffer): void {
    if (sent.equals(preface)) return;
    const stream = sent.readUInt32BE(5);
    if (sent[3] === type.settings && sent[4] === flag.none) this.#unacked.push(sent);
    if (sent[3] !== type.windowUpdate || sent.length !== 13) return;
    if (stream === 0) this.#window += sent.readUInt32BE(9);
    else this.#windows.set(stream, (this.#windows.get(stream) ?? this.#initialWindow) + sent.readUInt32BE(9));
  }

  #apply(sent: Buffer | undefined): void {
    if (sent === undefined) {
      this.faults.push('an acknowledgement of no SETTINGS');
      return;
    }
    for (let at = 9; at + 6 <= sent.length; at += 6) {
      if (sent.readUInt16BE(at) !== setting.initialWindowSize) continue;
      const change = sent.readUInt32BE(at + 2) - this.#initialWindow;
      this.#initialWindow += change;
      for (const [stream, window] of this.#windows) this.#windows.set(stream, window + change);
    }
  }
}

/** A client that has sent its preface and its first SETTINGS, and has seen and acknowledged those of the lane. */
export async function rawClientOn(
  stack: AsyncDisposableStack,
  address: TcpAddress,
  ...first: readonly (readonly [id: number, value: number])[]
): Promise<RawPeer> {
  const peer = new RawPeer(connectOn(stack, address));
  await peer.send(preface, settings(...first));
  await peer.next(type.settings);
  await peer.send(settingsAck);
  await peer.next(type.settings);
  return peer;
}

/** An instance that leaves its connections to whoever started it. */
export interface RawInstance {
  readonly address: string;
  /** The next connection that is made to it, when both sides' SETTINGS have been exchanged. */
  connection(): Promise<RawPeer>;
}

/** @param first what it says before all else: SETTINGS, of rights */
export async function rawInstanceOn(stack: AsyncDisposableStack, first: Buffer = settings()): Promise<RawInstance> {
  const made: RawPeer[] = [];
  let arrived = () => {};
  const server = createServer((socket) => {
    made.push(new RawPeer(socket, preface.length));
    arrived();
  });
  const address = await listenOn(stack, server);
  return {
    address,
    async connection() {
      while (made.length === 0)
        await new Promise<void>((resolve) => {
          arrived = resolve;
        });
      const peer = made.shift() as RawPeer;
      await peer.send(first, settingsAck);
      await peer.next(type.settings);
      return peer;
    },
  };
}
