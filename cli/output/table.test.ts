import { expect, test } from 'vitest';
import { json, table } from './table.ts';
import { age } from './time.ts';

test('columns are as wide as their widest cell', () => {
  const rows = [
    { service: 'go.micro.api.a', version: 'v1' },
    { service: 'b', version: '' },
  ];
  expect(table(rows)).toBe('SERVICE         VERSION\ngo.micro.api.a  v1\nb');
});

test('64-bit numbers are strings in JSON', () => {
  expect(JSON.parse(json([{ revision: 2n ** 60n }]))).toEqual([{ revision: '1152921504606846976' }]);
});

test.each([
  [0, '0s'],
  [59_999, '59s'],
  [60_000, '1m'],
  [3_600_000 * 25, '1d'],
  [-5, '0s'],
])('%i ms ago is %s', (elapsedMs, text) => {
  expect(age(1_000_000_000n, 1_000_000_000 + elapsedMs)).toBe(text);
});
