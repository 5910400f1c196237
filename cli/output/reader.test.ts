import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { transform } from 'esbuild';
import { expect, test } from 'vitest';

test.each([
  { what: 'a reader that goes away', redirect: '', exitCode: 0, told: '' },
  { what: 'a full disk', redirect: '> /dev/full', exitCode: 1, told: 'micro: the output cannot be written: ENOSPC' },
])('$what ends a command without a stack trace', async ({ redirect, exitCode, told }) => {
  const { code: reader } = await transform(await readFile(new URL('reader.ts', import.meta.url)), { loader: 'ts' });
  const program = `${reader}; endWithReader(process); setInterval(() => process.stdout.write('line\\n'), 10);`;
  const node = [process.execPath, '--input-type=module', '--eval', program];
  const child = spawn('sh', ['-c', `exec "$@" ${redirect}`, 'sh', ...node]);
  child.stdout.once('data', () => child.stdout.destroy());
  const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  expect(stderr.startsWith(told)).toBe(true);
  expect(stderr.includes('    at ')).toBe(false);
  expect(code).toBe(exitCode);
});
