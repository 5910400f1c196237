import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readEnvFile } from './env-file.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'micro-env-'));
});
afterEach(() => rm(folder, { recursive: true }));

const read = async (text: string): Promise<Readonly<Record<string, string>>> => {
  const path = join(folder, 'secrets.env');
  await writeFile(path, text);
  return readEnvFile(path);
};

test('lines are variables; comments, quotes and blank lines are understood', async () => {
  const text = '# of production\n\nexport TOKEN=s3cret # the new one\nKEY="two\nlines"\nEMPTY=\nURL=a=b\r\n';
  expect(await read(text)).toEqual({ TOKEN: 's3cret', KEY: 'two\nlines', EMPTY: '', URL: 'a=b' });
  expect(await read('# nothing yet\n')).toEqual({});
});

test.each([
  { what: 'no variable', text: 'not a variable', told: 'it holds no line of the form KEY=VALUE' },
  { what: 'too much', text: `A=${'x'.repeat(256 * 1024)}`, told: 'it has more than 256 KiB' },
])('a file with $what is refused, and nothing of it is told', async ({ text, told }) => {
  await expect(read(text)).rejects.toThrow(new Error(told));
});

test('what is no file is told', async () => {
  await expect(readEnvFile(join(folder, 'missing'))).rejects.toThrow(new Error('there is no such file'));
  await expect(readEnvFile(folder)).rejects.toThrow(new Error('it is no regular file'));
});
