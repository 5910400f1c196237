import assert from 'node:assert/strict';
import { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import * as fc from 'fast-check';
import type { Property } from '../../fuzz/property.ts';
import { until } from '../../fuzz/until.ts';
import { code, goaway, setting, settings, type } from '../rfc9113/frames.fixture.ts';
import { type RawInstance, type RawPeer, rawClientOn, rawInstanceOn } from '../rfc9113/peer.fixture.ts';
import { type GreeterPlane, greeterPlaneOn } from './greeter-plane.ts';
import { Received } from './received.ts';
import { answerFrames, contentOf, requestFrames, type Script, script } from './scripts.ts';

interface Conversation {
  readonly scripts: readonly Script[];
  readonly clientWindow: number;
  readonly instanceWindow: number;
  readonly instanceStreams: number;
  readonly pieceBytes: readonly [client: number, other: number, instance: number];
}

const window = fc.constantFrom(1, 100, 5_000, 65_535, 1_000_000);
const pieceBytes = fc.constantFrom(97, 1_000, 9_999, 1_000_000);

/** Whatever two clients and an instance send, and in whatever pieces, arrives as it was sent. */
export const conversations: Property<Conversation> = {
  name: 'conversations',
  inputs: fc.record({
    scripts: fc.array(script, { minLength: 1, maxLength: 16 }),
    clientWindow: window,
    instanceWindow: window,
    instanceStreams: fc.integer({ min: 1, max: 8 }),
    pieceBytes: fc.tuple(pieceBytes, pieceBytes, pieceBytes),
  }),
  async start() {
    const stack = new AsyncDisposableStack();
    const plane = await greeterPlaneOn(stack);
    return {
      async check(conversation) {
        await play(conversation, plane);
        return true;
      },
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    };
  },
};

async function play(
  { scripts, clientWindow, instanceWindow, instanceStreams, pieceBytes: sizes }: Conversation,
  plane: GreeterPlane,
): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const instance = await rawInstanceOn(
    stack,
    settings([setting.initialWindowSize, instanceWindow], [setting.maxConcurrentStreams, instanceStreams]),
  );
  await plane.serve(instance.address);
  const { grpc } = plane.dataPlane;
  const first = [setting.initialWindowSize, clientWindow] as const;
  const clients = [await rawClientOn(stack, grpc, first), await rawClientOn(stack, grpc, first)] as const;
  const received = [new Received(), new Received()] as const;
  for (const [index, client] of clients.entries()) {
    client.pieceBytes = sizes[index] as number;
    received[index]?.watch(client);
  }
  const { served, connections } = serve(instance, scripts, sizes[2]);

  // All frames of all calls in turn: one frame of each, until there are none.
  const next = [1, 1];
  const calls = scripts.map((each, index) => {
    const stream = next[each.client] as number;
    next[each.client] = stream + 2;
    return { ...each, stream, index, frames: requestFrames(index, stream, each) };
  });
  for (let turn = 0; calls.some(({ frames }) => turn < frames.length); turn += 1)
    for (const { client, frames } of calls) if (turn < frames.length) void clients[client].send(frames[turn] as Buffer);

  const isOver = ({ client, stream, reset }: (typeof calls)[number]): boolean =>
    reset === 'client' || received[client].ended.has(stream);
  await until('all calls are over', () => calls.every(isOver));
  for (const { client, stream, index, request, answer, reset } of calls) {
    const asked = served.filter((each) => each.script === index);
    assert(asked.length <= 1, `call ${index} was made ${asked.length} times`);
    const answered = received[client].of(stream);
    const arrived = asked[0]?.octets() ?? Buffer.alloc(0);
    const isWhole = reset === 'none';
    if (isWhole) assert.deepEqual([received[client].ended.get(stream), asked[0]?.ended()], ['end', 'end']);
    // Of a call that was reset something may be missing, at the end.
    const all = { answered: contentOf(index, answer), arrived: contentOf(index, request) };
    const isIn = (part: Buffer, whole: Buffer) => part.equals(isWhole ? whole : whole.subarray(0, part.length));
    assert(isIn(answered, all.answered), `the answer of call ${index} is another`);
    assert(isIn(arrived, all.arrived), `the request of call ${index} is another`);
  }

  // Nothing is in flight any more: neither to the instance, nor on the clients' connections.
  await plane.drained();
  for (const client of clients) {
    await client.send(goaway(0, code.noError));
    assert.equal((await client.ended()).code, code.noError);
  }
  for (const { faults } of [...clients, ...connections]) assert.deepEqual(faults, []);
}

/** A call as the instance sees it. */
interface Served {
  readonly script: number;
  readonly octets: () => Buffer;
  readonly ended: () => string | undefined;
}

/** Answers each call by its script, once its request has ended. */
function serve(
  instance: RawInstance,
  scripts: readonly Script[],
  pieceBytes: number,
): { readonly served: readonly Served[]; readonly connections: readonly RawPeer[] } {
  const served: Served[] = [];
  const connections: RawPeer[] = [];
  const serveOn = (peer: RawPeer): void => {
    connections.push(peer);
    peer.pieceBytes = pieceBytes;
    const came = new Received();
    const scriptOf = new Map<number, number>();
    let hasAnswered = false;
    came.watch(peer, (stream) => {
      const index = scriptOf.get(stream) as number;
      void peer.send(...answerFrames(index, stream, scripts[index] as Script, !hasAnswered));
      hasAnswered = true;
    });
    const watched = peer.onFrame;
    const onFrame: typeof watched = (each) => {
      if (each.type === type.headers) {
        const index = Number(peer.fields(each)['x-call']);
        scriptOf.set(each.stream, index);
        served.push({ script: index, octets: () => came.of(each.stream), ended: () => came.ended.get(each.stream) });
      }
      watched(each);
    };
    for (const each of peer.frames) onFrame(each);
    peer.onFrame = onFrame;
  };
  void (async () => {
    for (;;) serveOn(await instance.connection());
  })();
  return { served, connections };
}
