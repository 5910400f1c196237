import { expect, test } from 'vitest';
import { wholeLines } from './whole-lines.ts';

test('text comes in whole lines, however it was cut', () => {
  const taken: string[] = [];
  const take = wholeLines((lines) => taken.push(lines));
  for (const chunk of ['a\nb', 'c', 'd\ne\nf', '\n', 'lost']) take(chunk);
  expect(taken).toEqual(['a\n', 'bcd\ne\n', 'f\n']);
});
