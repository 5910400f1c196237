import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Protocol } from '../../../proto/gen/micro/routes/v1/routes.ts';
import { service, startTestDataPlane, testSource } from '../../data-plane.fixture.ts';
import {
  answerHead,
  answerTrailers,
  call,
  code,
  data,
  flag,
  frame,
  goaway,
  literals,
  rstStream,
  setting,
  settings,
  type,
  windowUpdate,
} from './frames.fixture.ts';
import { expectNoFaults, type RawPeer, rawClient, startRawInstance } from './raw-peer.fixture.ts';

/** What is sent on one stream by either side, as sizes of DATA frames, and who ends it before its time. */
interface Script {
  readonly client: 0 | 1;
  readonly request: readonly number[];
  readonly answer: readonly number[];
  readonly padding: number;
  /** The client resets the call instead of ending its request, or the instance instead of ending its answer. */
  readonly reset: 'none' | 'client' | 'instance';
}

interface Run {
  readonly scripts: readonly Script[];
  readonly clientWindow: number;
  readonly instanceWindow: number;
  readonly instanceStreams: number;
  readonly pieceBytes: readonly [client: number, other: number, instance: number];
}

const pieces = fc.array(fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 12_000 })), {
  maxLength: 5,
});
const script: fc.Arbitrary<Script> = fc.record({
  client: fc.constantFrom(0, 1),
  request: pieces,
  answer: pieces,
  padding: fc.integer({ min: 0, max: 9 }),
  reset: fc.constantFrom('none', 'none', 'none', 'client', 'instance'),
});
const window = fc.constantFrom(1, 100, 5_000, 65_535, 1_000_000);
const pieceBytes = fc.constantFrom(97, 1_000, 9_999, Number.POSITIVE_INFINITY);
const run: fc.Arbitrary<Run> = fc.record({
  scripts: fc.array(script, { minLength: 1, maxLength: 16 }),
  clientWindow: window,
  instanceWindow: window,
  instanceStreams: fc.integer({ min: 1, max: 8 }),
  pieceBytes: fc.tuple(pieceBytes, pieceBytes, pieceBytes),
});

/** Octets that tell their call and their place. */
const content = (index: number, length: number, from: number): Buffer =>
  Buffer.from(Array.from({ length }, (_, at) => (31 * index + from + at) % 253));

const sum = (sizes: readonly number[]): number => sizes.reduce((total, size) => total + size, 0);

const head = (
  stream: number,
  fields: readonly (readonly [string, string])[],
  flags: number,
  isFirst: boolean,
): Buffer =>
  frame(
    type.headers,
    flags | flag.endHeaders,
    stream,
    // Only the first block owes the update of the table, and only others can be remembered.
    isFirst ? Buffer.concat([Buffer.of(0x20), literals(fields)]) : literals(fields),
  );

/** The DATA frames of one side. */
function body(stream: number, index: number, sizes: readonly number[], padding: number): Buffer[] {
  let from = 0;
  return sizes.map((size) => {
    const octets = content(index, size, from);
    from += size;
    if (padding === 0) return data(stream, octets);
    return data(stream, Buffer.concat([Buffer.of(padding), octets, Buffer.alloc(padding)]), flag.padded);
  });
}

/** One side's view of its streams: what came, and how each ended. */
class Received {
  readonly octets = new Map<number, Buffer[]>();
  readonly ended = new Map<number, 'end' | 'reset'>();

  /** Gives back all window that DATA took, and a little more, and notes what came. */
  watch(peer: RawPeer, onEnd: (stream: number) => void = () => {}): void {
    peer.onFrame = ({ type: kind, flags, stream, payload }) => {
      if (kind === type.data) {
        this.octets.set(stream, [...(this.octets.get(stream) ?? []), payload]);
        if (payload.length > 0)
          void peer.send(windowUpdate(0, payload.length), windowUpdate(stream, payload.length + 500));
      }
      if (kind === type.rstStream) this.ended.set(stream, this.ended.get(stream) ?? 'reset');
      const isEnd = (kind === type.data || kind === type.headers) && (flags & flag.endStream) !== 0;
      if (!isEnd) return;
      this.ended.set(stream, 'end');
      onEnd(stream);
    };
  }

  of(stream: number): Buffer {
    return Buffer.concat(this.octets.get(stream) ?? []);
  }
}

async function play({ scripts, clientWindow, instanceWindow, instanceStreams, pieceBytes: sizes }: Run): Promise<void> {
  const instance = await startRawInstance(
    settings([setting.initialWindowSize, instanceWindow], [setting.maxConcurrentStreams, instanceStreams]),
  );
  const source = testSource(
    service('go.micro.service.greeter', [instance.address], { protocol: Protocol.PROTOCOL_H2C }),
  );
  const dataPlane = await startTestDataPlane(source);
  const first = [setting.initialWindowSize, clientWindow] as const;
  const clients = [await rawClient(dataPlane, first), await rawClient(dataPlane, first)] as const;
  const received = [new Received(), new Received()] as const;
  for (const [index, client] of clients.entries()) {
    client.pieceBytes = sizes[index] as number;
    received[index]?.watch(client);
  }

  const served: { readonly script: number; readonly octets: () => Buffer; readonly ended: () => string | undefined }[] =
    [];
  const instances: RawPeer[] = [];
  const serve = (peer: RawPeer): void => {
    instances.push(peer);
    peer.pieceBytes = sizes[2];
    const came = new Received();
    const scriptOf = new Map<number, number>();
    let hasAnswered = false;
    came.watch(peer, (stream) => {
      const index = scriptOf.get(stream) as number;
      const { answer, padding, reset } = scripts[index] as Script;
      const ending =
        reset === 'instance'
          ? rstStream(stream, code.enhanceYourCalm)
          : head(stream, answerTrailers, flag.endStream, false);
      void peer.send(head(stream, answerHead, 0, !hasAnswered), ...body(stream, index, answer, padding), ending);
      hasAnswered = true;
    });
    const watched = peer.onFrame;
    const onFrame = (each: Parameters<typeof watched>[0]): void => {
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
    for (;;) serve(await instance.connection());
  })();

  // All frames of all calls in turn: one frame of each, until there are none.
  const next = [1, 1];
  const calls = scripts.map((each, index) => {
    const stream = next[each.client] as number;
    next[each.client] = stream + 2;
    const fields = [...call(), ['x-call', String(index)] as const];
    const ending = each.reset === 'client' ? rstStream(stream, code.cancel) : data(stream, '', flag.endStream);
    return {
      ...each,
      stream,
      index,
      frames: [head(stream, fields, 0, stream === 1), ...body(stream, index, each.request, each.padding), ending],
    };
  });
  for (let turn = 0; calls.some(({ frames }) => turn < frames.length); turn += 1)
    for (const { client, frames } of calls) if (turn < frames.length) void clients[client].send(frames[turn] as Buffer);

  const isOver = ({ client, stream, reset }: (typeof calls)[number]): boolean =>
    reset === 'client' || received[client].ended.has(stream);
  await expect.poll(() => calls.filter((each) => !isOver(each)).map(({ index }) => index)).toEqual([]);
  for (const { client, stream, index, request, answer, reset } of calls) {
    const asked = served.filter((each) => each.script === index);
    expect(asked.length).toBeLessThanOrEqual(1);
    const answered = received[client].of(stream);
    const arrived = asked[0]?.octets() ?? Buffer.alloc(0);
    const isWhole = reset === 'none';
    const ends = [received[client].ended.get(stream), asked[0]?.ended()];
    expect(isWhole ? ends : ['end', 'end']).toEqual(['end', 'end']);
    // Of a call that was reset something may be missing, at the end.
    const all = { answered: content(index, sum(answer), 0), arrived: content(index, sum(request), 0) };
    expect(answered.equals(isWhole ? all.answered : all.answered.subarray(0, answered.length))).toBe(true);
    expect(arrived.equals(isWhole ? all.arrived : all.arrived.subarray(0, arrived.length))).toBe(true);
  }

  // Nothing is in flight any more: neither to the instance, nor on the clients' connections.
  source.serve();
  await expect.poll(() => dataPlane.routes().revision).toBe(2n);
  await expect.poll(() => source.draining()).toEqual([]);
  for (const client of clients) {
    await client.send(goaway(0, code.noError));
    expect(await client.ended()).toMatchObject({ code: code.noError });
  }
  expectNoFaults(...clients, ...instances);
}

test('whatever two clients and an instance send, and in whatever pieces, arrives as it was sent', async () => {
  await fc.assert(fc.asyncProperty(run, play), { seed: 9113, numRuns: 25 });
});
