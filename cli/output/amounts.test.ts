import { expect, test } from 'vitest';
import { percent, size } from './amounts.ts';

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.0 KiB'],
  [47_185_920, '45 MiB'],
  [1_572_864, '1.5 MiB'],
  [2 ** 40 * 3000, '3000 TiB'],
])('%i bytes are %s', (bytes, text) => {
  expect(size(bytes)).toBe(text);
});

test('cores are told in percent of one', () => {
  expect([0, 0.004, 0.026, 2.5].map(percent)).toEqual(['0%', '0%', '3%', '250%']);
});
