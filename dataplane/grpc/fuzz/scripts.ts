import * as fc from 'fast-check';
import {
  answerHead,
  answerTrailers,
  call,
  code,
  data,
  type Fields,
  flag,
  frame,
  literals,
  rstStream,
  type,
} from '../rfc9113/frames.fixture.ts';

/** What is sent on one stream by either side, as sizes of DATA frames, and who ends it before its time. */
export interface Script {
  readonly client: 0 | 1;
  readonly request: readonly number[];
  readonly answer: readonly number[];
  readonly padding: number;
  /** The client resets the call instead of ending its request, or the instance instead of ending its answer. */
  readonly reset: 'none' | 'client' | 'instance';
}

const sizes = fc.array(fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 12_000 })), {
  maxLength: 5,
});

export const script: fc.Arbitrary<Script> = fc.record({
  client: fc.constantFrom(0, 1),
  request: sizes,
  answer: sizes,
  padding: fc.integer({ min: 0, max: 9 }),
  reset: fc.constantFrom('none', 'none', 'none', 'client', 'instance'),
});

/** The frames of the client. The call tells its number, which is also how its octets are told from those of others. */
export function requestFrames(number: number, stream: number, { request, padding, reset }: Script): Buffer[] {
  const fields = [...call(), ['x-call', String(number)] as const];
  const ending = reset === 'client' ? rstStream(stream, code.cancel) : data(stream, '', flag.endStream);
  return [head(stream, fields, 0, stream === 1), ...body(stream, number, request, padding), ending];
}

/** The frames of the instance. */
export function answerFrames(
  number: number,
  stream: number,
  { answer, padding, reset }: Script,
  isFirst: boolean,
): Buffer[] {
  const ending =
    reset === 'instance'
      ? rstStream(stream, code.enhanceYourCalm)
      : head(stream, answerTrailers, flag.endStream, false);
  return [head(stream, answerHead, 0, isFirst), ...body(stream, number, answer, padding), ending];
}

/** All octets of a body with these sizes. */
export function contentOf(number: number, sizes: readonly number[]): Buffer {
  return content(
    number,
    sizes.reduce((total, size) => total + size, 0),
    0,
  );
}

/** Octets that tell their call and their place. */
function content(number: number, length: number, from: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, at) => (31 * number + from + at) % 253));
}

function head(stream: number, fields: Fields, flags: number, isFirst: boolean): Buffer {
  return frame(
    type.headers,
    flags | flag.endHeaders,
    stream,
    // Only the first block owes the update of the table, and only others can be remembered.
    isFirst ? Buffer.concat([Buffer.of(0x20), literals(fields)]) : literals(fields),
  );
}

function body(stream: number, number: number, sizes: readonly number[], padding: number): Buffer[] {
  let from = 0;
  return sizes.map((size) => {
    const octets = content(number, size, from);
    from += size;
    if (padding === 0) return data(stream, octets);
    return data(stream, Buffer.concat([Buffer.of(padding), octets, Buffer.alloc(padding)]), flag.padded);
  });
}
