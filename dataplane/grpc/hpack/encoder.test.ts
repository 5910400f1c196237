import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { HpackDecoder } from './decoder.ts';
import { encodeFields, maxEncodedLength } from './encoder.ts';
import type { Field } from './field.types.ts';

function encoded(fields: readonly Field[]): Buffer {
  const room = Buffer.alloc(maxEncodedLength(fields));
  return room.subarray(0, encodeFields(fields, room, 0));
}

test.each<[string, Field, string]>([
  ['a field of the static table', [':method', 'POST'], '83'],
  ['a name of the static table', [':path', '/abc'], '04042f616263'],
  ['an empty value of the static table', ['accept', ''], '0f0400'],
  ['a field of no table', ['a', 'bc'], '000161026263'],
  ['a secret', ['authorization', 'x'], '1f080178'],
  ['what was a secret to the sender', ['a', 'b', true], '1001610162'],
  ['a secret that stands in the static table', [':method', 'GET', true], '1203474554'],
])('%s', (_about, field, hex) => {
  expect(encoded([field]).toString('hex')).toBe(hex);
});

test('what is encoded is decoded as it was, and stands alone', () => {
  const latin1 = fc.string({ unit: fc.nat(255).map((code) => String.fromCharCode(code)), maxLength: 40 });
  const names = fc.oneof(latin1, fc.constantFrom(':path', ':status', 'accept-encoding', 'cookie', 'x-long'.repeat(60)));
  const values = fc.oneof(latin1, fc.constantFrom('/', '200', 'gzip, deflate', 'v'.repeat(127), 'w'.repeat(20_000)));
  fc.assert(
    fc.property(fc.array(fc.tuple(names, values)), (fields) => {
      const block = encoded(fields);
      const decoder = new HpackDecoder({ maxListBytes: 1e7 });
      const decoded = decoder.decode(block, 0, block.length) as Field[];
      expect(decoded.map(([name, value]) => [name, value])).toEqual(fields);
      expect(decoder.lastStoodAlone).toBe(true);
    }),
    { seed: 7541, numRuns: 200 },
  );
});
