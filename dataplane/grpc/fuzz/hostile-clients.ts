import assert from 'node:assert/strict';
import { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import * as fc from 'fast-check';
import type { Property } from '../../fuzz/property.ts';
import { until } from '../../fuzz/until.ts';
import { connectOn } from '../../on-stack.fixture.ts';
import {
  block,
  call,
  code,
  data,
  flag,
  frame,
  preface,
  rstStream,
  settings,
  settingsAck,
  type,
} from '../rfc9113/frames.fixture.ts';
import { RawPeer } from '../rfc9113/peer.fixture.ts';
import { type Bystanders, bystandersOn, bystanderPath } from './bystanders.ts';
import { disturbance, disturbed, headForm, headFrames, type Hostile, sizes } from './hostile-frames.ts';
import { assertRightEnd, attack, framesIn, leave } from './hostile-octets.ts';
import { nodeInstanceOn } from './node-peers.ts';
import { isSeverelyJudged, nodeServerGoesOn } from './node-verdict.ts';

const oneCall = fc.record({
  path: fc.constantFrom(
    '/go.micro.service.greeter.Say/Hello',
    '/go.micro.service.greeter.Say/Hello',
    '/none.Such/Call',
  ),
  form: headForm,
  request: sizes,
  /** Added to what its content-length says; null for none. */
  isLonger: fc.constantFrom(null, null, null, null, 0, -1, 2),
  ending: fc.constantFrom('data', 'data', 'head', 'trailers', 'reset'),
});

/** The last octets of a request. */
const theEnd = 'the end';

const calls = fc.array(oneCall, { minLength: 1, maxLength: 4 }).map((all) =>
  all.map(({ path, form, request, isLonger, ending }, index) => {
    const stream = 2 * index + 1;
    const length = request.reduce((sum, size) => sum + size, ending === 'data' ? theEnd.length : 0);
    const head = headFrames(
      stream,
      call({ ':path': path, 'content-length': isLonger === null ? undefined : String(Math.max(0, length + isLonger)) }),
      ending === 'head' ? flag.endStream : flag.none,
      form,
      index === 0,
    );
    if (ending === 'head') return [head];
    const endings = {
      data: [data(stream, theEnd, flag.endStream)],
      trailers: headFrames(stream, [['x-end', '1']], flag.endStream, form, false),
      reset: [rstStream(stream, code.cancel)],
    } as const;
    return [head, ...request.map((size) => [data(stream, Buffer.alloc(size, 97))]), endings[ending]];
  }),
);

/**
 * Whatever frames a client sends: its connection goes on rightly, or is ended with a code of its fault where `node:http2` ends
 * it too; nobody else feels anything of it, an instance is sent nothing that is wrong, and nothing is left behind.
 */
export const hostileClients: Property<Hostile> = {
  name: 'hostile-clients',
  inputs: fc.tuple(calls, disturbance).map((all) => disturbed([settings(), settingsAck], ...all)),
  async start() {
    const stack = new AsyncDisposableStack();
    const bystanders = await bystandersOn(stack);
    return {
      check: (input) => play(input, bystanders),
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    };
  },
};

async function play(input: Hostile, bystanders: Bystanders): Promise<boolean> {
  const { plane } = bystanders;
  await using stack = new AsyncDisposableStack();
  const instance = await nodeInstanceOn(stack);
  await plane.serve(instance.address);
  const { frames, octets } = framesIn(input);
  const client = new RawPeer(connectOn(stack, plane.dataPlane.grpc));
  const meanwhile = bystanders.call();
  const isAlive = await attack(client, Buffer.concat([preface, octets]), input.pieceBytes);
  await meanwhile;
  const saidGoodbye = frames.some((each) => each.type === type.goaway);
  if (isAlive && !saidGoodbye) {
    await makeCall(client, nextStream(frames));
    const opened = new Set(frames.filter((each) => each.type === type.headers).map(({ stream }) => stream));
    await leave(client, opened);
  } else if (!isAlive) assertRightEnd(client, saidGoodbye);
  if (!saidGoodbye) {
    const nodeIsAlive = await nodeServerGoesOn(octets);
    if (isAlive) assert(nodeIsAlive || isSeverelyJudged(frames, 'client'), 'node:http2 ends the connection');
    // It forgives what comes on closed streams.
    else if (nodeIsAlive) assertRightEnd(client, false, new Set([code.streamClosed]));
  }
  if (!input.isChanged) assert(isAlive, 'the connection was ended, and nothing was wrong');
  client.socket.destroy();
  await until('the instance has no calls', () => instance.openCalls() === 0);
  await plane.drained();
  await bystanders.call();
  assert.deepEqual(instance.objections(), []);
  return isAlive;
}

/** An idle one of the client. */
function nextStream(frames: readonly { readonly type: number; readonly stream: number }[]): number {
  return frames.reduce((next, each) => (each.type === type.headers ? Math.max(next, each.stream + 2) : next), 1);
}

/** A call that needs no window, on a connection on which anything may have been said before. */
async function makeCall(client: RawPeer, stream: number): Promise<void> {
  if (stream > 2 ** 31 - 1) return;
  const fields = block(call({ ':path': bystanderPath }));
  client.socket.write(frame(type.headers, flag.endHeaders | flag.endStream, stream, fields));
  const answer = await client.next(type.headers, stream);
  assert.equal(answer.flags, flag.endHeaders | flag.endStream);
}
