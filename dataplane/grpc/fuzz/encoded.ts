import * as fc from 'fast-check';
import type { Field } from '../hpack/field.types.ts';

/** A request of a connection, for an encoder. */
export interface Encoded {
  /** What the other side says of its table before it; null for nothing. */
  readonly tableBytes: number | null;
  readonly path: string;
  readonly fields: readonly { readonly name: string; readonly value: string; readonly isSecret: boolean }[];
  /** Where its block is cut into frames, each somewhere from 0 to 1. */
  readonly cuts: readonly number[];
}

const characters = (from: string, maxLength: number) =>
  fc.string({ unit: fc.nat(from.length - 1).map((index) => from.charAt(index)), maxLength, size: 'max' });

const everyVisible = String.fromCharCode(
  ...Array.from({ length: 256 }, (_, code) => code).filter((code) => code > 0x20 && code !== 0x7f),
);

/** Few of each, so that encoders find them again in their table, among ones that are always new. */
const fields = fc.uniqueArray(
  fc.record({
    name: fc.oneof(
      fc.constantFrom('accept', 'accept-encoding', 'cookie', 'user-agent', 'authorization', 'grpc-timeout'),
      characters("abcz019-_.!#$%&'*+^`|~", 12).map((rest) => `x${rest}`),
    ),
    value: fc.oneof(
      fc.constantFrom('', 'gzip, deflate', 'trailers', 'a b', 'q'.repeat(200)),
      characters(everyVisible, 60),
      characters('0123456789abcdef-', 300),
    ),
    isSecret: fc.boolean(),
  }),
  { maxLength: 12, selector: ({ name }) => name },
);

/** What is sent over one connection, one after the other. */
export const requests: fc.Arbitrary<readonly Encoded[]> = fc.array(
  fc.record({
    tableBytes: fc.option(fc.constantFrom(0, 1, 64, 100, 1_000, 4_096, 65_536), { nil: null }),
    path: fc.constantFrom<string[]>('/', '/index.html', '/helloworld.Greeter/SayHello', `/${'long'.repeat(30)}`),
    fields,
    cuts: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 4 }),
  }),
  { minLength: 1, maxLength: 8 },
);

/** What comes before the fields of a request. */
export const pseudo = (path: string): Field[] => [
  [':method', 'POST'],
  [':scheme', 'http'],
  [':authority', 'localhost'],
  [':path', path],
];
