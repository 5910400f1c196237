import assert from 'node:assert/strict';
import { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import * as fc from 'fast-check';
import type { Property } from '../../fuzz/property.ts';
import { until } from '../../fuzz/until.ts';
import {
  answerHead,
  answerTrailers,
  code,
  data,
  type Fields,
  flag,
  goaway,
  headers,
  rstStream,
  type,
} from '../rfc9113/frames.fixture.ts';
import { type RawPeer, rawInstanceOn } from '../rfc9113/peer.fixture.ts';
import { type Bystanders, bystandersOn } from './bystanders.ts';
import {
  disturbance,
  disturbed,
  type HeadForm,
  headForm,
  headFrames,
  type Hostile,
  sizes,
  type Together,
} from './hostile-frames.ts';
import { assertRightEnd, attack, framesIn, leave } from './hostile-octets.ts';
import type { Answer } from './node-peers.ts';
import { isSeverelyJudged, nodeClientGoesOn } from './node-verdict.ts';

const greeterPath = '/go.micro.service.greeter.Say/Hello';

/** What an instance sends of a call. */
interface ScriptedAnswer {
  readonly form: HeadForm;
  readonly isInterim: boolean;
  readonly body: readonly number[];
  readonly status: string;
  /** Added to what its content-length says; null for none. */
  readonly isLonger: number | null;
  readonly ending: 'trailers' | 'trailers only' | 'reset' | 'refused' | 'goaway';
}

const answer: fc.Arbitrary<ScriptedAnswer> = fc.record({
  form: headForm,
  isInterim: fc.constantFrom(false, false, true),
  body: sizes,
  status: fc.constantFrom('200', '200', '200', '200', '200', '404', '204', '304'),
  isLonger: fc.constantFrom(null, null, null, null, 0, 0, -1, 2),
  ending: fc.constantFrom<ScriptedAnswer['ending'][]>(
    'trailers',
    'trailers',
    'trailers',
    'trailers only',
    'reset',
    'refused',
    'goaway',
  ),
});

function answerFrames(
  { form, isInterim, body, status, isLonger, ending }: ScriptedAnswer,
  index: number,
  all: readonly ScriptedAnswer[],
): readonly Together[] {
  const stream = 2 * index + 1;
  const isFirst = all.findIndex((each) => each.ending !== 'refused') === index;
  if (ending === 'refused') return [[rstStream(stream, code.refusedStream)]];
  if (ending === 'trailers only')
    return [headFrames(stream, [...answerHead, ...answerTrailers], flag.endStream, form, isFirst)];
  const length: Fields = isLonger === null ? [] : [['content-length', String(Math.max(0, sum(body) + isLonger))]];
  const fields: Fields = [[':status', status], ['content-type', 'application/grpc'], ...length];
  const interim = [headFrames(stream, [[':status', '103']], flag.none, form, isFirst)];
  const head = headFrames(stream, fields, flag.none, form, isFirst && !isInterim);
  const endings = {
    trailers: headFrames(stream, answerTrailers, flag.endStream, form, false),
    reset: [rstStream(stream, code.enhanceYourCalm)],
    goaway: [goaway(stream, code.noError)],
  } as const;
  return [
    ...(isInterim ? interim : []),
    head,
    ...body.map((size) => [data(stream, Buffer.alloc(size, 98))]),
    endings[ending],
  ];
}

function sum(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total + size, 0);
}

interface HostileInstance extends Hostile {
  /** For each call the length of its answer, where it has to be answered if nothing was changed. */
  readonly answers: readonly (number | null)[];
}

function expected(all: readonly ScriptedAnswer[]): readonly (number | null)[] {
  const goesAway = all.some(({ ending }) => ending === 'goaway');
  return all.map(({ body, status, isLonger, ending }) => {
    if (ending === 'trailers only' && !goesAway) return 0;
    const isRight = status === '200' && (isLonger ?? 0) === 0;
    return isRight && ending === 'trailers' && !goesAway ? sum(body) : null;
  });
}

/**
 * Whatever frames an instance sends in answer to calls: its connection goes on rightly, or is ended with a code of its fault
 * where `node:http2` ends it too; clients are sent nothing that is wrong, every call comes to an end, and nothing is left behind.
 */
export const hostileInstances: Property<HostileInstance> = {
  name: 'hostile-instances',
  inputs: fc
    .tuple(fc.array(answer, { minLength: 1, maxLength: 4 }), disturbance)
    .map(([all, disturbance]) => ({ ...disturbed([], all.map(answerFrames), disturbance), answers: expected(all) })),
  async start() {
    const stack = new AsyncDisposableStack();
    const bystanders = await bystandersOn(stack);
    return {
      check: (input) => play(input, bystanders),
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    };
  },
};

async function play(input: HostileInstance, bystanders: Bystanders): Promise<boolean> {
  const { plane, client } = bystanders;
  await using stack = new AsyncDisposableStack();
  const instance = await rawInstanceOn(stack);
  await plane.serve(instance.address);
  let over = 0;
  const calls = input.answers.map(async () => {
    const answer = await client.call(greeterPath, 'hello');
    over += 1;
    return answer;
  });
  const peer = await instance.connection();
  for (const _ of calls) await peer.next(type.headers);
  void (async () => {
    for (;;) answerAll(await instance.connection());
  })();

  const { frames, octets } = framesIn(input);
  const meanwhile = bystanders.call();
  const isAlive = await attack(peer, octets, input.pieceBytes);
  await meanwhile;
  const saidGoodbye = frames.some((each) => each.type === type.goaway);
  if (isAlive) answerAll(peer);
  else assertRightEnd(peer, saidGoodbye);
  if (!saidGoodbye) {
    const nodeIsAlive = await nodeClientGoesOn(calls.length, octets);
    if (isAlive) assert(nodeIsAlive || isSeverelyJudged(frames, 'instance'), 'node:http2 ends the connection');
    // It forgives what comes on closed streams.
    else if (nodeIsAlive) assertRightEnd(peer, false, new Set([code.streamClosed]));
  }
  if (!input.isChanged && !saidGoodbye) assert(isAlive, 'the connection was ended, and nothing was wrong');
  assert.equal((await client.call(greeterPath)).grpcStatus, '0', 'the instance is not asked again');
  if (isAlive && !saidGoodbye)
    await leave(
      peer,
      calls.map((_, index) => 2 * index + 1),
    );
  peer.socket.destroy();
  await until('all calls are over', () => over === calls.length);
  if (!input.isChanged) assertAnswers(await Promise.all(calls), input.answers);
  await plane.drained();
  await bystanders.call();
  return isAlive;
}

/** Answers all calls, by trailers alone. */
function answerAll(peer: RawPeer): void {
  const answer = ({ type: kind, stream }: (typeof peer.frames)[number]): void => {
    if (kind === type.headers) void peer.send(headers(stream, [...answerHead, ...answerTrailers], flag.endStream));
  };
  for (const each of peer.frames) answer(each);
  peer.onFrame = answer;
}

function assertAnswers(answers: readonly Answer[], lengths: readonly (number | null)[]): void {
  for (const [index, length] of lengths.entries()) {
    if (length === null) continue;
    assert.deepEqual(answers[index], { body: 'b'.repeat(length), grpcStatus: '0', code: 0 });
  }
}
