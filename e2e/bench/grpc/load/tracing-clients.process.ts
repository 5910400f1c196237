import assert from 'node:assert/strict';
import { small } from '../exchange.ts';
import { Flag, FrameType, streamIdOffset } from '../frames.ts';
import { frameHeadBytes } from '../frames.ts';
import { callFrames, connectClient } from './client.ts';

// tracing-clients.process.js <address> <connections> <streams> <seconds>: makes calls, each with a trace and an id of its
// own, and prints how many were answered a second.
const [address, connections, streams, seconds] = process.argv.slice(2) as [string, string, string, string];

/** Hexadecimal digits that differ from call to call. */
const digits = 16;
const counted = '0'.repeat(digits);
const trace = { traceparent: `00-4bf92f3577b34da6${counted}-00f067aa0ba902b7-01`, 'x-request-id': `bench-${counted}` };

/** Of all calls of a connection but the first. */
const template = callFrames(1, small, trace, false);
const countersAt = [template.indexOf(`4bf92f3577b34da6${counted}`) + 16, template.indexOf(`bench-${counted}`) + 6];
const dataFrameAt = frameHeadBytes + template.readUIntBE(0, 3);

let calls = 0;
let answeredMessageBytes = 0;
let answered = 0;

function nextCall(streamId: number): Buffer {
  const bytes = Buffer.from(template);
  bytes.writeUInt32BE(streamId, streamIdOffset);
  bytes.writeUInt32BE(streamId, dataFrameAt + streamIdOffset);
  calls += 1;
  const counter = calls.toString(16).padStart(digits, '0');
  for (const at of countersAt) bytes.write(counter, at, 'latin1');
  return bytes;
}

for (let connection = 0; connection < Number(connections); connection += 1) {
  let nextStream = 1;
  const open = (): Buffer => {
    const bytes = nextCall(nextStream);
    nextStream += 2;
    return bytes;
  };
  // The first one says that no table is used.
  const first = callFrames(nextStream, small, trace);
  nextStream += 2;
  const client = connectClient({
    address,
    onFrame(type, flags, _id, payload) {
      if (type === FrameType.data) answeredMessageBytes += payload.length;
      assert(
        type !== FrameType.resetStream && type !== FrameType.goAway,
        `a call was broken off by frame ${type}: ${payload.toString('latin1')}`,
      );
      if (type !== FrameType.headers || (flags & Flag.endStream) === 0) return;
      answered += 1;
      client.socket.write(open());
    },
  });
  client.send(first, ...Array.from({ length: Number(streams) - 1 }, open));
}

const startedAt = performance.now();
setTimeout(() => {
  const elapsedSeconds = (performance.now() - startedAt) / 1000;
  // Trailers without a message are an error of gRPC; a message may be on its way before its trailers.
  const failures = answered - Math.floor(answeredMessageBytes / small.messageBytes);
  assert(answered > 0 && failures <= answered / 1000, `${failures} of ${answered} calls failed`);
  process.stdout.write(`${answered / elapsedSeconds}\n`, () => process.exit());
}, Number(seconds) * 1000);
