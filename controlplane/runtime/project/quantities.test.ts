import { expect, test } from 'vitest';
import { parseBytes, parseCores } from './quantities.ts';

test.each([
  ['256Mi', 268_435_456],
  ['1.5G', 1_500_000_000],
  ['64k', 64_000],
  ['1048576', 1_048_576],
  ['256MB', undefined],
  ['-1', undefined],
  ['1e3', undefined],
  ['', undefined],
])('%j of memory are %s bytes', (text, bytes) => {
  expect(parseBytes(text)).toBe(bytes);
});

test.each([
  ['0.5', 0.5],
  ['500m', 0.5],
  ['2', 2],
  ['2 cores', undefined],
  ['-1', undefined],
])('%j of the processor are %s cores', (text, cores) => {
  expect(parseCores(text)).toBe(cores);
});
