import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, test, vi } from 'vitest';
import { openAccessLog } from './access-log.ts';

function collectLog() {
  const messages: string[] = [];
  const log = pino({ base: null }, { write: (line) => void messages.push((JSON.parse(line) as { msg: string }).msg) });
  return { messages, log };
}

test('keeps every line, in order, when it is closed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'micro-access-'));
  const path = join(folder, 'access.log');
  const lines = Array.from({ length: 1_000 }, (_, number) => `{"line":${number}}\n`);
  const { log } = collectLog();
  const first = openAccessLog(path, log);
  for (const line of lines.slice(0, 500)) first.write(line);
  await first.close();
  const second = openAccessLog(path, log);
  for (const line of lines.slice(500)) second.write(line);
  await second.close();
  expect(await readFile(path, 'utf8')).toBe(lines.join(''));
  await rm(folder, { recursive: true });
});

test('lines beyond what may wait are left out, which is told', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'micro-access-'));
  const path = join(folder, 'access.log');
  const { messages, log } = collectLog();
  const accessLog = openAccessLog(path, log);
  const line = `${'x'.repeat(1024 * 1024 - 1)}\n`;
  for (let written = 0; written < 10; written += 1) accessLog.write(line);
  await accessLog.close();
  expect((await stat(path)).size).toBe(8 * line.length);
  expect(messages[0]).toBe('the access log cannot be written; its lines are left out');
  await rm(folder, { recursive: true });
});

test('a full disk costs lines, and is told once', async () => {
  const { messages, log } = collectLog();
  const full = openAccessLog('/dev/full', log);
  full.write('{"line":1}\n');
  await vi.waitFor(() => expect(messages).toEqual(['the access log cannot be written; its lines are left out']));
  full.write('{"line":2}\n');
  await full.close();
  expect(messages).toHaveLength(1);
});

test('a file that cannot be opened is told with the flag that names another', () => {
  expect(() => openAccessLog('/nonexistent/access.log', collectLog().log)).toThrow(
    /the access log cannot be written: .*ENOENT.*; name another file with --access-log/,
  );
});
