import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { defaultLimits } from '../limits.ts';
import { makeFolder } from '../runtime.fixture.ts';
import type { LogLine } from './line.ts';
import { type Log, type LogName, type Logs, openLogs } from './logs.ts';

let folder: Awaited<ReturnType<typeof makeFolder>>;
let logs: Logs;
let now: number;
let reported: string[];
let opened: Log[];
beforeEach(async () => {
  folder = await makeFolder();
  now = Date.UTC(2026, 0, 1);
  reported = [];
  opened = [];
  logs = open();
});
afterEach(async () => {
  await Promise.all(opened.map((log) => log.close()));
  await folder.remove();
});

const openLog = (name: LogName, service = 'hello'): Log => {
  const log = logs.open(service, name);
  opened.push(log);
  return log;
};

const open = (limits: object = {}): Logs =>
  openLogs({
    node: 'node-1',
    folder: folder.path,
    limits: { ...defaultLimits, ...limits },
    log: pino({}, { write: (line) => void reported.push(line) }),
    now: () => now,
  });
const read = async (lines: number, name?: LogName): Promise<readonly LogLine[]> => {
  const read: LogLine[] = [];
  const signal = new AbortController().signal;
  for await (const line of logs.read('hello', { lines, name, follow: false, signal })) read.push(line);
  return read;
};
const texts = async (lines = 100): Promise<readonly string[]> => (await read(lines)).map(({ text }) => text);

test('what builds print is kept apart from what instances print', async () => {
  await openLog('build').write('stdout', ['compiling']);
  await openLog(1).write('stdout', ['serving']);
  expect(await texts()).toEqual(['serving']);
  expect(await read(100, 'build')).toMatchObject([{ instance: 'node-1/build', text: 'compiling' }]);
  expect(await logs.numbers('hello')).toEqual([1]);
});

test('lines are kept with their time, their stream and their instance', async () => {
  const log = openLog(3);
  await log.write('stdout', ['one', '']);
  now += 5;
  await log.write('stderr', ['two  with spaces ']);
  await log.close();
  expect(await read(100)).toEqual([
    { instance: 'node-1/3', timeMicros: 1_767_225_600_000_000, stream: 'stdout', text: 'one' },
    { instance: 'node-1/3', timeMicros: 1_767_225_600_000_001, stream: 'stdout', text: '' },
    { instance: 'node-1/3', timeMicros: 1_767_225_600_005_000, stream: 'stderr', text: 'two  with spaces ' },
  ]);
  expect(await logs.services()).toEqual(['hello']);
});

test('the last lines of all instances come in the order of their times', async () => {
  const [one, two] = [openLog(1), openLog(2)];
  await one.write('stdout', ['a', 'b']);
  await two.write('stdout', ['c']);
  await one.write('stdout', ['d']);
  await openLog(1, 'other').write('stdout', ['not this']);
  expect(await texts()).toEqual(['a', 'b', 'c', 'd']);
  expect(await texts(3)).toEqual(['b', 'c', 'd']);
  expect(await texts(0)).toEqual([]);
});

test('lines of one instance, or since a time, are told apart from the others', async () => {
  const [one, two] = [openLog(1), openLog(2)];
  await one.write('stdout', ['old']);
  now += 1000;
  const sinceMicros = now * 1000;
  await one.write('stdout', ['a']);
  await two.write('stdout', ['b']);
  const readOnly = async (options: object): Promise<readonly string[]> => {
    const found: string[] = [];
    const signal = new AbortController().signal;
    for await (const { text } of logs.read('hello', { lines: 100, follow: false, signal, ...options }))
      found.push(text);
    return found;
  };
  expect(await readOnly({ sinceMicros })).toEqual(['a', 'b']);
  expect(await readOnly({ name: 1 })).toEqual(['old', 'a']);
  expect(await readOnly({ name: 1, sinceMicros })).toEqual(['a']);
  expect(await readOnly({ name: 3 })).toEqual([]);
  expect(new Set(await logs.numbers('hello'))).toEqual(new Set([1, 2]));
});

test('a log outlives the server, and goes on', async () => {
  const before = openLog(1);
  await before.write('stdout', ['before']);
  await before.close();
  logs = open();
  await openLog(1).write('stdout', ['after']);
  expect(await texts()).toEqual(['before', 'after']);
});

describe('a log that has reached its size', () => {
  test('is set aside, and the oldest is dropped', async () => {
    logs = open({ logFileBytes: 1000, logFiles: 3 });
    const log = openLog(1);
    const line = (index: number): string => `${index} ${'x'.repeat(100)}`;
    for (let index = 0; index < 40; index += 1) await log.write('stdout', [line(index)]);
    expect((await readdir(join(folder.path, 'hello'))).toSorted()).toEqual(['1.log', '1.log.1', '1.log.2']);
    const kept = (await texts()).map((text) => Number(text.split(' ')[0]));
    expect(kept.at(-1)).toBe(39);
    expect(kept).toEqual(Array.from({ length: kept.length }, (_, index) => 40 - kept.length + index));
    expect(kept.length).toBeGreaterThan(14);
    expect(kept.length).toBeLessThan(30);
  });

  test('is read across its files, and in chunks', async () => {
    logs = open({ logFileBytes: 200_000 });
    const log = openLog(1);
    const all = Array.from({ length: 3000 }, (_, index) => `${index} ${'é'.repeat(50)}`);
    for (let from = 0; from < all.length; from += 100) await log.write('stdout', all.slice(from, from + 100));
    expect(await texts(2500)).toEqual(all.slice(-2500));
  });
});

test('a line that is only half written is left out', async () => {
  await mkdir(join(folder.path, 'hello'));
  await writeFile(join(folder.path, 'hello/1.log'), '2026-01-01T00:00:00.000000Z stdout whole\n2026-01-01T00:00');
  expect(await texts()).toEqual(['whole']);
});

test('lines that cannot be kept are reported, and still reach those who follow', async () => {
  await writeFile(join(folder.path, 'hello'), 'in the way of the folder');
  await openLog(1).write('stdout', ['lost']);
  expect(reported).toHaveLength(1);
  expect(reported[0]).toContain('lines of a log could not be kept');
});

describe('following', () => {
  const follow = (lines: number, name?: LogName) => {
    const ending = new AbortController();
    const followed = logs.read('hello', { lines, name, follow: true, signal: ending.signal });
    const next = async (): Promise<string | undefined> => ((await followed.next()).value as LogLine | undefined)?.text;
    return { next, end: () => ending.abort() };
  };

  test('gives the last lines, then each new one once, of instances that start later too', async () => {
    const one = openLog(1);
    await one.write('stdout', ['a', 'b']);
    const { next, end } = follow(1);
    expect(await next()).toBe('b');
    await one.write('stdout', ['c']);
    await openLog(2).write('stderr', ['d']);
    await openLog(1, 'other').write('stderr', ['not this']);
    expect([await next(), await next()]).toEqual(['c', 'd']);
    end();
    expect(await next()).toBeUndefined();
  });

  test('one instance leaves the others out', async () => {
    const { next, end } = follow(0, 2);
    const first = next();
    await openLog(1).write('stdout', ['not this']);
    await openLog(2).write('stdout', ['this']);
    expect(await first).toBe('this');
    end();
  });

  test('loses and repeats nothing while lines are written', async () => {
    logs = open({ logFileBytes: 2000, logFiles: 100 });
    const log = openLog(1);
    const all = Array.from({ length: 500 }, (_, index) => String(index));
    const writing = (async () => {
      for (const text of all) await log.write('stdout', [text]);
    })();
    const { next, end } = follow(1000);
    const seen: (string | undefined)[] = [];
    while (seen.length < all.length) seen.push(await next());
    await writing;
    end();
    expect(seen).toEqual(all);
  });

  test('tells a reader that was too slow how many lines it missed', async () => {
    const log = openLog(1);
    const { next, end } = follow(0);
    const first = next();
    await log.write('stdout', ['first']);
    expect(await first).toBe('first');
    await log.write(
      'stdout',
      Array.from({ length: 10_005 }, (_, index) => String(index)),
    );
    expect([await next(), await next()]).toEqual(['(5 lines are left out here: they came too fast)', '5']);
    end();
  });
});
