import * as http2 from 'node:http2';
import { duplexPair } from 'node:stream';
import { framesOf } from '../hpack/wire.fixture.ts';
import { flag, type Frame, ping, preface, settings, settingsAck, type } from '../rfc9113/frames.fixture.ts';

const question = 'and now?';

/** As the lane has it. */
const nodeSettings = { headerTableSize: 0 };

/** Whether a server of `node:http2` goes on after these frames of a client. */
export async function nodeServerGoesOn(octets: Buffer): Promise<boolean> {
  const [nodeSide, wire] = duplexPair();
  const server = http2.createServer({ settings: nodeSettings });
  server.on('sessionError', () => {});
  server.on('stream', (stream) => {
    stream.on('error', () => {}).resume();
    stream.once('end', () => {
      if (!stream.destroyed) stream.respond({ ':status': 200 }, { endStream: true });
    });
  });
  server.emit('connection', nodeSide);
  wire.write(Buffer.concat([preface, octets, ping(question)]));
  const goesOn = await isAnswered(framesOf(wire));
  nodeSide.destroy();
  return goesOn;
}

/** Whether a client of `node:http2` that has made so many calls goes on after these frames of an instance. */
export async function nodeClientGoesOn(calls: number, octets: Buffer): Promise<boolean> {
  const [nodeSide, wire] = duplexPair();
  const session = http2.connect('http://localhost', { createConnection: () => nodeSide, settings: nodeSettings });
  session.on('error', () => {});
  for (let made = 0; made < calls; made += 1)
    session
      .request({ ':method': 'POST' })
      .on('error', () => {})
      .resume()
      .end('hello');
  wire.write(Buffer.concat([settings(), settingsAck]));
  const frames = framesOf(wire, preface.length);
  for (let came = 0; came < calls; ) if ((await frames.next()).value.type === type.headers) came += 1;
  wire.write(Buffer.concat([octets, ping(question)]));
  const goesOn = await isAnswered(frames);
  session.destroy();
  return goesOn;
}

async function isAnswered(frames: AsyncIterable<Frame>): Promise<boolean> {
  for await (const { type: kind, flags, payload } of frames) {
    if (kind === type.goaway) return false;
    if (kind === type.ping && flags === flag.ack && payload.toString() === question) return true;
  }
  return false;
}

/** RFC 8441 section 3, which the lane does not offer, and so does not look at. */
const enableConnectProtocol = 8;

/** ALTSVC (RFC 7838), ORIGIN (RFC 8336) and PRIORITY_UPDATE (RFC 9218), which the lane does not know, and so does not read. */
const ofExtensions: ReadonlySet<number> = new Set([0x0a, 0x0c, 0x10]);

/**
 * Whether there is a frame among these that ends the connection for `node:http2`, and for RFC 9113 breaks one stream at most:
 * DATA or HEADERS behind END_STREAM (section 5.1), PRIORITY of another length (section 6.3), WINDOW_UPDATE of 0 or beyond the
 * largest window (section 6.9), the body of an answer before its head (section 8.1), and what answers no question.
 */
export function isSeverelyJudged(frames: readonly Frame[], from: 'client' | 'instance'): boolean {
  /** Those that a client sends right after its preface are acknowledged by the frames. */
  let unacknowledged = from === 'client' ? 1 : 0;
  const ended = new Set<number>();
  const headed = new Set<number>();
  return frames.some(({ type: kind, flags, stream, payload }) => {
    const isAck = (flags & flag.ack) !== 0;
    switch (kind) {
      case type.ping:
        return isAck;
      case type.priority:
        return payload.length !== 5;
      case type.windowUpdate:
        return stream !== 0 && payload.length === 4 && !isModest(payload.readUInt32BE(0) % 2 ** 31);
      case type.settings:
        if (isAck) unacknowledged -= 1;
        return unacknowledged < 0 || (!isAck && settingsIn(payload).includes(enableConnectProtocol));
      case type.continuation:
      case type.headers:
        if (!payload.includes('103')) headed.add(stream);
        break;
      case type.data:
        if (from === 'instance' && !headed.has(stream)) return true;
        break;
      default:
        return ofExtensions.has(kind);
    }
    if (kind !== type.continuation && ended.has(stream)) return true;
    if (kind !== type.continuation && (flags & flag.endStream) !== 0) ended.add(stream);
    return false;
  });
}

/** Of an increment of a window. */
function isModest(bytes: number): boolean {
  return bytes > 0 && bytes < 2 ** 30;
}

function settingsIn(payload: Buffer): number[] {
  return Array.from({ length: Math.floor(payload.length / 6) }, (_, index) => payload.readUInt16BE(6 * index));
}
