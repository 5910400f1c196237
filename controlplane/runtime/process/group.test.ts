import { chmod } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { makeFolder, writeFiles } from '../runtime.fixture.ts';
import { describeExit, type ProcessGroup, startProcessGroup } from './group.ts';
import { groupRuns } from './table.ts';

const patience = { timeout: 15_000, interval: 10 };

/** Starts Node on a program, and collects what it prints. */
async function start(program: string, lines: string[] = []): Promise<ProcessGroup> {
  return startProcessGroup({
    command: { file: process.execPath, arguments: ['-e', program], install: '' },
    folder: tmpdir(),
    environment: { PATH: '/usr/bin:/bin' },
    onLines: (stream, printed) => void lines.push(...printed.map((line) => `${stream} ${line}`)),
  });
}
/** Waits until the program has printed a line. */
const printed = (lines: readonly string[]): Promise<void> => vi.waitFor(() => expect(lines).not.toEqual([]), patience);

test('a program leads a session and group of its own, and its output and end are told', async () => {
  const lines: string[] = [];
  const group = await start(`console.log('out'); console.error('err'); process.exit(3)`, lines);
  expect(group.startTicks).toBeGreaterThan(0);
  expect(await group.exited).toEqual({ code: 3, signal: null });
  await group.drained;
  expect(lines.toSorted()).toEqual(['stderr err', 'stdout out']);
});

test('its environment is what it was given and nothing else', async () => {
  const lines: string[] = [];
  const group = await start(`console.log(JSON.stringify(process.env))`, lines);
  await group.drained;
  expect(lines).toEqual(['stdout {"PATH":"/usr/bin:/bin"}']);
});

test('its words reach it as they are', async () => {
  const lines: string[] = [];
  const group = await startProcessGroup({
    command: { file: 'printf', arguments: ['%s\n', '$HOME; `id` "*"'], install: '' },
    folder: tmpdir(),
    environment: { PATH: '/usr/bin:/bin' },
    onLines: (_, printed) => void lines.push(...printed),
  });
  await group.drained;
  expect(lines).toEqual(['$HOME; `id` "*"']);
});

test('what it leaves behind in its group ends with it', async () => {
  const group = await start(`require('child_process').spawn('sleep', ['1000'], { stdio: 'inherit' }); process.exit()`);
  await group.drained;
  await vi.waitFor(() => expect(groupRuns(group.pid)).toBe(false), patience);
});

test('output held open by a process that left the group does not hold up its end', async () => {
  const lines: string[] = [];
  const group = await start(
    `const child = require('child_process').spawn('sleep', ['1000'], { stdio: 'inherit', detached: true });
     console.log(child.pid); child.unref(); process.exit()`,
    lines,
  );
  await group.drained;
  process.kill(Number(lines[0]?.split(' ')[1]), 'SIGKILL');
  expect(await group.exited).toEqual({ code: 0, signal: null });
});

test('output waits for the one who takes it', async () => {
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const lines: string[] = [];
  const group = await startProcessGroup({
    command: {
      file: process.execPath,
      arguments: ['-e', `console.log('1'); setTimeout(() => console.log('2'), 50)`],
      install: '',
    },
    folder: tmpdir(),
    environment: {},
    onLines: async (_, printed) => {
      lines.push(...printed);
      await held;
    },
  });
  await group.exited;
  expect(lines).toEqual(['1']);
  release();
  await group.drained;
  expect(lines).toEqual(['1', '2']);
});

describe('stopping', () => {
  test('gives the whole group the time to end well', async () => {
    const lines: string[] = [];
    const group = await start(
      `require('child_process').spawn(process.execPath, ['-e', \`
         process.on('SIGTERM', () => setTimeout(() => { console.log('child done'); process.exit() }, 200));
         console.log('child ready'); setInterval(() => {}, 1000)\`], { stdio: 'inherit' });`,
      lines,
    );
    await printed(lines);
    expect(await group.stop(15_000)).toEqual({ code: null, signal: 'SIGTERM' });
    await group.drained;
    expect(lines).toEqual(['stdout child ready', 'stdout child done']);
    expect(groupRuns(group.pid)).toBe(false);
  });

  test('ends what does not listen when the time is over', async () => {
    const lines: string[] = [];
    const group = await start(
      `process.on('SIGTERM', () => {}); console.log('ready'); setInterval(() => {}, 1000)`,
      lines,
    );
    await printed(lines);
    expect(await group.stop(100)).toEqual({ code: null, signal: 'SIGKILL' });
  });

  test('twice, or after the end, is the same as once', async () => {
    const group = await start(`setInterval(() => {}, 1000)`);
    const [first, second] = await Promise.all([group.stop(5000), group.stop(5000)]);
    expect(second).toBe(first);
    expect(await group.stop(5000)).toBe(first);
  });
});

test('what does the same is started where a program is not there', async () => {
  const lines: string[] = [];
  const echo = { file: 'echo', arguments: ['done'], install: '' };
  const group = await startProcessGroup({
    command: { file: 'no-such-program', arguments: [], otherwise: echo, install: '' },
    folder: tmpdir(),
    environment: { PATH: '/usr/bin:/bin' },
    onLines: (_, printed) => void lines.push(...printed),
  });
  await group.drained;
  expect(lines).toEqual(['done']);
});

describe('what cannot be started', () => {
  const startFile = (file: string, folder = tmpdir()) =>
    startProcessGroup({
      command: { file, arguments: [], install: 'install it from example.com' },
      folder,
      environment: { PATH: '/usr/bin' },
      onLines: () => undefined,
    });

  test('is named, with what to install', async () => {
    await expect(startFile('no-such-program')).rejects.toMatchObject({
      code: 'failed',
      message: `there is no program no-such-program on the server's PATH (/usr/bin): install it from example.com`,
    });
  });

  test('is named, with what would have done the same', async () => {
    const otherwise = { file: 'nor-this', arguments: [], install: 'install either' };
    const starting = startProcessGroup({
      command: { ...otherwise, file: 'no-such-program', otherwise },
      folder: tmpdir(),
      environment: { PATH: '/usr/bin' },
      onLines: () => undefined,
    });
    await expect(starting).rejects.toThrow(
      "there is no program no-such-program, nor nor-this on the server's PATH (/usr/bin): install either",
    );
  });

  test('is named, when it is its interpreter that is missing', async () => {
    const folder = await makeFolder();
    onTestFinished(() => folder.remove());
    const file = join(await writeFiles(folder.path, { run: '#!/no/such/interpreter\n' }), 'run');
    await chmod(file, 0o755);
    await expect(startFile('./run', folder.path)).rejects.toThrow('the interpreter in its first line');
    await expect(startFile('./none', folder.path)).rejects.toThrow(`there is no program ./none in ${folder.path}`);
  });

  test('is named, with the reason', async () => {
    await expect(startFile('/etc/passwd')).rejects.toThrow(/\/etc\/passwd cannot be started in .*EACCES/s);
    await expect(startFile('ls', '/no/such/folder')).rejects.toThrow(/ls cannot be started in \/no\/such\/folder/);
  });
});

test.each([
  [{ code: 1, signal: null }, 'exited with code 1'],
  [{ code: null, signal: 'SIGKILL' as const }, 'was ended by SIGKILL'],
])('an end is told in words: %j', (exit, words) => {
  expect(describeExit(exit)).toBe(words);
});
