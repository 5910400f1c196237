import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { makeFolder } from '../runtime.fixture.ts';
import { Cgroup } from './cgroup.ts';
import { Cgroups } from './cgroups.ts';

let logged: { readonly fault?: string; readonly msg: string }[];
let folder: Awaited<ReturnType<typeof makeFolder>>;
beforeEach(async () => {
  logged = [];
  folder = await makeFolder();
});
afterEach(() => folder.remove());

const log = pino({}, { write: (line) => void logged.push(JSON.parse(line)) });
const written = (path: string): string => readFileSync(path, 'utf8');
/** What the kernel shows of a control group, as plain files: they take what is written, and do nothing. */
const pretend = (files: Readonly<Record<string, string>>): Cgroups => {
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder.path, name), content);
  return new Cgroups({ mark: '7:8', log, own: folder.path });
};
const limits = { memory: 64 * 2 ** 20, cpu: 0.5 };

test('limits are what the kernel is told', () => {
  const cgroups = pretend({
    'cgroup.controllers': 'cpuset cpu io memory pids\n',
    'cgroup.subtree_control': '',
    'cgroup.type': 'domain\n',
    'cgroup.procs': `1\n${process.pid}\n`,
  });
  const made = cgroups.create('hello-1', limits)?.folder ?? '';
  expect(made).toMatch(new RegExp(`^${folder.path}/micro-7-8/hello-1\\.[0-9a-f]{8}$`));
  expect(readdirSync(made).toSorted((a, b) => a.localeCompare(b))).toEqual([
    'cpu.max',
    'memory.max',
    'memory.oom.group',
  ]);
  expect([written(join(made, 'memory.max')), written(join(made, 'cpu.max'))]).toEqual(['67108864', '50000 100000']);
  // A group with groups in it that have limits may hold no process.
  expect(written(join(folder.path, 'micro-server/cgroup.procs'))).toBe(String(process.pid));
  for (const parent of [folder.path, join(folder.path, 'micro-7-8')]) {
    expect(written(join(parent, 'cgroup.subtree_control'))).toBe('+cpu +memory');
  }
  writeFileSync(join(made, 'memory.events'), 'oom 0\noom_kill 0\noom_group_kill 0\n');
  expect(new Cgroups({ mark: '7:8', log, own: folder.path }).create('hello-1', {})).toBeUndefined();
  expect(logged).toEqual([]);
});

test('a process that was ended for its memory is told from others', () => {
  mkdirSync(join(folder.path, 'parent'));
  const cgroup = new Cgroup(join(folder.path, 'parent'), 'x', {}, log);
  const events = (kills: number): void =>
    writeFileSync(join(cgroup.folder, 'memory.events'), `low 0\nmax 12\noom 1\noom_kill ${kills}\n`);
  expect(cgroup.ranOutOfMemory()).toBe(false);
  events(0);
  expect(cgroup.ranOutOfMemory()).toBe(false);
  events(2);
  expect(cgroup.ranOutOfMemory()).toBe(true);
});

test.each([
  ['has no controller for cpu and memory', { 'cgroup.controllers': 'hugetlb\n' }],
  ['has no controller for memory', { 'cgroup.controllers': 'cpu pids\n' }],
])('where a cgroup %s, that is told once', (fault, files) => {
  const cgroups = pretend(files);
  expect(cgroups.create('a', {})).toBeUndefined();
  expect(logged).toEqual([]);
  expect([cgroups.create('a', limits), cgroups.create('b', limits)]).toEqual([undefined, undefined]);
  expect(logged).toHaveLength(1);
  expect(logged[0]?.fault).toContain(fault);
});

test('on this machine a service that takes too much memory is ended, or it is told why it is not', async () => {
  const cgroup = new Cgroups({ mark: '7:8', log }).create('hog', { memory: 64 * 2 ** 20 });
  const takeMemory = async (limited: Cgroup): Promise<string> => {
    const hog = spawn(process.execPath, ['--eval', 'globalThis.held = Buffer.alloc(512 * 2 ** 20, 1)']);
    limited.add(hog.pid ?? 0);
    const [, signal] = await once(hog, 'exit');
    const ranOut = limited.ranOutOfMemory();
    await limited.remove();
    return `${signal}, ran out: ${ranOut}, left: ${existsSync(limited.folder)}`;
  };
  const seen = cgroup === undefined ? logged[0]?.msg : await takeMemory(cgroup);
  expect(['SIGKILL, ran out: true, left: false', 'services are not held to their limits of memory and CPU']).toContain(
    seen,
  );
});

test('a cgroup takes a process with what it started meanwhile, and is gone with all of it', async () => {
  const [, mount = ''] = /^\d+ \d+ \S+ \S+ (\S+) .* - cgroup2 /m.exec(written('/proc/self/mountinfo')) ?? [];
  const parent = spawn('sh', ['-c', 'setsid sleep 60 & echo $!; wait'], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void parent.kill('SIGKILL'));
  const [line] = await once(parent.stdout, 'data');
  const pids = [parent.pid ?? 0, Number(line)];

  const takeAndGo = async (): Promise<object> => {
    const cgroup = new Cgroup(mount, 'micro-test', {}, log);
    cgroup.add(pids[0] ?? 0);
    const taken = written(join(cgroup.folder, 'cgroup.procs')).trim().split('\n').map(Number);
    const exited = once(parent, 'exit');
    await cgroup.remove();
    const [, signal] = await exited;
    return { taken, signal, left: existsSync(cgroup.folder), logged };
  };
  const seen = await takeAndGo().catch(({ code }: NodeJS.ErrnoException) => ({ code }));
  expect([
    { taken: pids, signal: 'SIGKILL', left: false, logged: [] },
    // Not root, or in a container: there is none to be made.
    ...['EACCES', 'EROFS', 'ENOENT', 'EPERM'].map((code) => ({ code })),
  ]).toContainEqual(seen);
});
