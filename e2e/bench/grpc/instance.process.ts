import { createServer, type Socket } from 'node:net';
import { answersWanted } from './exchange.ts';
import {
  acknowledgement,
  defaultWindow,
  Flag,
  FrameType,
  frame,
  frameHeadBytes,
  frameReader,
  preface,
  readSettings,
  Setting,
  settings,
  windowUpdate,
} from './frames.ts';
import { headerBlock } from './header-block.ts';

// instance.process.js <address to listen on>: sends the message of a call back as often as it says, each time in DATA
// frames of its own, as fast as the windows of the other side and its socket take them.

/** That every implementation takes: RFC 9113, section 4.2. A message that is larger is a multiple of it. */
const mostFrameBytes = 16_384;

/** Frames of a small message that are written at once, at most. */
const batch = 512;

/** A socket that has more waits. */
const mostWaitingBytes = 128 * 1024;

const greeting = Buffer.concat([
  settings({ [Setting.maxConcurrentStreams]: 2_000, [Setting.initialWindowSize]: 2 ** 20 }),
  windowUpdate(0, 2 ** 30),
]);
const nothing = Buffer.alloc(0);

/** That no table is used, as the first block has to say to a peer that wants none (RFC 7541 section 4.2). */
const tableSizeZero = Buffer.of(0x20);
const headers = headerBlock({ ':status': '200', 'content-type': 'application/grpc' });
const trailers = headerBlock({ 'grpc-status': '0' });

/** A call that is being sent. */
interface Call {
  readonly id: number;
  readonly received: Buffer[];
  window: number;
  answer?: Answer;
}

/** Frames that all are of one size, over and over. */
interface Answer {
  readonly frames: Buffer;
  readonly dataBytes: number;
  /** In `frames`. */
  next: number;
  framesLeft: number;
}

const [listenOn] = process.argv.slice(2) as [string];
const { hostname, port } = new URL(`http://${listenOn}`);
createServer({ noDelay: true }, serve).listen({ host: hostname, port: Number(port), backlog: 4096 });

function serve(socket: Socket): void {
  const calls = new Map<number, Call>();
  let window = defaultWindow;
  let initialWindow = defaultWindow;
  let receivedBytes = 0;
  let opening = tableSizeZero;

  const read = frameReader((type, flags, id, payload) => {
    if (type === FrameType.headers) calls.set(id, { id, received: [], window: initialWindow });
    const call = calls.get(id);
    switch (type) {
      case FrameType.data:
        receivedBytes += payload.length;
        call?.received.push(payload);
        if (call === undefined || (flags & Flag.endStream) === 0) break;
        call.answer = answerTo(Buffer.concat(call.received), id);
        socket.write(frame(FrameType.headers, Flag.endHeaders, id, Buffer.concat([opening, headers])));
        opening = nothing;
        break;
      case FrameType.settings: {
        const size = readSettings(payload).get(Setting.initialWindowSize) ?? initialWindow;
        for (const open of calls.values()) open.window += size - initialWindow;
        initialWindow = size;
        break;
      }
      case FrameType.windowUpdate:
        if (id === 0) window += payload.readUInt32BE();
        else if (call !== undefined) call.window += payload.readUInt32BE();
        break;
      case FrameType.resetStream:
        calls.delete(id);
        break;
    }
    const due = acknowledgement(type, flags, payload);
    if (due !== undefined) socket.write(due);
  });

  /** A batch of each call in turn, until nothing more may be sent. */
  function send(): void {
    let isSending = true;
    while (isSending) {
      isSending = false;
      for (const call of calls.values()) {
        if (socket.writableLength > mostWaitingBytes) return;
        isSending = sendBatch(call) || isSending;
      }
    }
  }

  /** @returns whether anything could be sent */
  function sendBatch(call: Call): boolean {
    const { id, answer } = call;
    if (answer === undefined) return false;
    const { frames, dataBytes, next, framesLeft } = answer;
    const frameBytes = frameHeadBytes + dataBytes;
    const allowed = Math.floor(Math.min(window, call.window) / dataBytes);
    const count = Math.min(allowed, framesLeft, (frames.length - next) / frameBytes);
    if (count <= 0) return false;
    const end = next + count * frameBytes;
    socket.write(frames.subarray(next, end));
    window -= count * dataBytes;
    call.window -= count * dataBytes;
    answer.next = end % frames.length;
    answer.framesLeft -= count;
    if (answer.framesLeft === 0) {
      socket.write(frame(FrameType.headers, Flag.endHeaders | Flag.endStream, id, trailers));
      calls.delete(id);
    }
    return true;
  }

  let toSkip = preface.length;
  socket.write(greeting);
  socket.on('data', (chunk) => {
    const skipped = Math.min(toSkip, chunk.length);
    toSkip -= skipped;
    socket.cork();
    read(chunk.subarray(skipped));
    if (receivedBytes > 0) socket.write(windowUpdate(0, receivedBytes));
    receivedBytes = 0;
    send();
    socket.uncork();
  });
  socket.on('drain', send);
  // A proxy that ends is nothing to tell of.
  socket.on('error', () => socket.destroy());
}

function answerTo(message: Buffer, id: number): Answer {
  const answers = answersWanted(message);
  const dataBytes = Math.min(message.length, mostFrameBytes);
  const pieces: Buffer[] = [];
  for (let at = 0; at < message.length; at += dataBytes)
    pieces.push(frame(FrameType.data, 0, id, message.subarray(at, at + dataBytes)));
  const once = Buffer.concat(pieces);
  const repeated = pieces.length === 1 ? Math.min(batch, answers) : 1;
  const frames = Buffer.alloc(once.length * repeated, once);
  return { frames, dataBytes, next: 0, framesLeft: answers * pieces.length };
}
