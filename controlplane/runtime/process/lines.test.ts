import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { readLines } from './lines.ts';

const split = async (...chunks: (string | Buffer)[]): Promise<readonly (readonly string[])[]> => {
  const batches: (readonly string[])[] = [];
  for await (const batch of readLines(Readable.from(chunks.map((chunk) => Buffer.from(chunk))))) batches.push(batch);
  return batches;
};

test('lines come as they end, also across chunks, and the last without an end', async () => {
  expect(await split('a\nb', 'c\n', 'd')).toEqual([['a'], ['bc'], ['d']]);
  expect(await split('a\r\n\nb\n')).toEqual([['a', '', 'b']]);
  expect(await split()).toEqual([]);
});

test('a character that is cut by a chunk is put together again', async () => {
  const bytes = Buffer.from('é\n');
  expect(await split(bytes.subarray(0, 1), bytes.subarray(1))).toEqual([['é']]);
});

test('a line that never ends is cut', async () => {
  const batches = await split('x'.repeat(40_000), 'y\n');
  expect(batches.flat().map((line) => line.length)).toEqual([16_384, 16_384, 7233]);
  expect((await split(`${'x'.repeat(20_000)}\nz\n`)).flat().map((line) => line.length)).toEqual([16_384, 3616, 1]);
});
