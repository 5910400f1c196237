import { chmod, readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { defaultLimits } from '../limits.ts';
import { groupRuns, listProcesses, readEnvironment } from '../process/table.ts';
import { makeFolder, testEnvironment, writeFiles } from '../runtime.fixture.ts';
import { type Builds, openBuilds } from './builds.ts';

const digest = `sha256:${'0'.repeat(64)}`;
let folder: Awaited<ReturnType<typeof makeFolder>>;
let builds: Builds;
let output: string[];
beforeEach(async () => {
  folder = await makeFolder();
  builds = await open();
  output = [];
});
afterEach(() => folder.remove());

const bundle = () => ({ digest, folder: join(folder.path, 'bundle') });
const root = (): string => join(folder.path, 'builds');
const open = (options: { limits?: object; environment?: Readonly<Record<string, string>> } = {}): Promise<Builds> =>
  openBuilds({
    mark: '1:2',
    root: root(),
    caches: join(folder.path, 'caches'),
    environment: options.environment ?? testEnvironment,
    limits: { ...defaultLimits, ...options.limits },
  });
/** Builds a package whose build script runs `script` in Node. */
const build = async (script: string, options: { signal?: AbortSignal; packageJson?: object } = {}): Promise<string> => {
  await writeFiles(bundle().folder, {
    'package.json': { name: 'x', version: '1.0.0', scripts: { build: 'node build.js' }, ...options.packageJson },
    'build.js': script,
  });
  return builds.create(bundle(), {
    onStep: (commandLine) => output.push(`> ${commandLine}`),
    onOutput: (line) => output.push(line),
    signal: options.signal ?? new AbortController().signal,
  });
};
const expectNothingLeft = async (): Promise<void> => {
  expect(await builds.find(bundle())).toBeUndefined();
  expect(await readdir(root())).toEqual([]);
};

test('a build happens in a copy, in the place where it stays', async () => {
  const built = await build(`
    require('fs').writeFileSync('made', process.cwd());
    require('fs').writeFileSync(require('os').tmpdir() + '/scratch', '');
    console.log(require('os').tmpdir());
  `);
  expect(output.some((line) => dirname(line) === root())).toBe(true);
  expect(built).toBe(await builds.find(bundle()));
  expect(await readFile(join(built, 'made'), 'utf8')).toBe(built);
  expect(await readdir(bundle().folder)).toEqual(['build.js', 'package.json']);
  expect(await readdir(root())).toEqual([basename(built)]);
  expect(basename(built)).toMatch(/^0{64}-[0-9a-f]{12}$/);
});

test('one that never finished is not there, and is removed by the next process', async () => {
  const built = await build('');
  await writeFiles(root(), { [`${basename(built)}.unfinished`]: '', '.tmp-1/scratch': '' });
  expect(await builds.find(bundle())).toBeUndefined();
  builds = await open();
  await expectNothingLeft();
  expect(await build('')).toBe(built);
});

test('two of one bundle at the same time are one', async () => {
  const [one, other] = await Promise.all([build(''), build('')]);
  expect(other).toBe(one);
  expect(output.filter((line) => line === '> npm run build')).toHaveLength(1);
});

test('one that was made for another version of Node.js is not found, and made anew beside it', async () => {
  const built = await build('');
  const other = await writeFiles(join(folder.path, 'other'), {
    node: `#!/bin/sh\n[ "$1" != -p ] || { echo 999; exit; }\nexec ${process.execPath} "$@"\n`,
  });
  await chmod(join(other, 'node'), 0o755);
  builds = await open({ environment: { ...testEnvironment, PATH: `${other}:${testEnvironment.PATH}` } });
  expect(await builds.find(bundle())).toBeUndefined();
  const anew = await build('');
  expect(anew).not.toBe(built);
  expect((await readdir(root())).toSorted()).toEqual([basename(built), basename(anew)].toSorted());
});

test('a build lets everything else on the machine go first', async () => {
  await build(`console.log('priority', require('os').getPriority())`);
  expect(output).toContain('priority 5');
});

test('what a build leaves running is ended with it', async () => {
  await build(`
    const { spawn } = require('node:child_process');
    const daemon = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' });
    daemon.unref();
    console.log(daemon.pid);
  `);
  const pid = output.find((line) => /^\d+$/.test(line));
  expect(pid).toBeDefined();
  expect(groupRuns(Number(pid))).toBe(false);
});

test('npm ci is used where there is a lock file', async () => {
  const lock = { name: 'x', version: '1.0.0', lockfileVersion: 3, packages: {} };
  await writeFiles(bundle().folder, {
    'dep/package.json': { name: 'dep', version: '1.0.0' },
    'package-lock.json': {
      ...lock,
      packages: {
        '': { name: 'x', version: '1.0.0', dependencies: { dep: 'file:dep' } },
        dep: { version: '1.0.0' },
        'node_modules/dep': { resolved: 'dep', link: true },
      },
    },
  });
  await build('', { packageJson: { dependencies: { dep: 'file:dep' } } });
  expect(output.filter((line) => line.startsWith('> npm '))).toEqual([
    expect.stringMatching(/^> npm ci$/),
    expect.stringMatching(/^> npm run build$/),
  ]);
});

test('what runs in a build sees nothing of the server’s environment', async () => {
  vi.stubEnv('SERVER_SECRET', 'not for builds');
  await build(`console.log('secret:', process.env.SERVER_SECRET, process.env.NODE_ENV)`);
  vi.unstubAllEnvs();
  expect(output).toContain('secret: undefined undefined');
});

describe('a build that fails says why, and leaves nothing', () => {
  test('when a step exits with an error: with the last 20 lines of it', async () => {
    const failed = build(`for (let i = 1; i <= 30; i++) console.log('line ' + i); process.exit(4)`);
    await expect(failed).rejects.toMatchObject({
      code: 'failed',
      message: expect.stringMatching(/npm run build.* exited with code 4; it printed last:/),
    });
    await expect(failed).rejects.toThrow('line 30');
    await expect(failed).rejects.not.toThrow('line 5\n');
    await expectNothingLeft();
  });

  test('when it takes too long: it is ended with all it started', async () => {
    const mark = `BUILD_OF_TEST=${folder.path}`;
    const [name = '', value = ''] = mark.split('=');
    builds = await open({
      limits: { buildTimeoutMs: 1500 },
      environment: { ...testEnvironment, [name]: value },
    });
    await expect(build(`setInterval(() => {}, 1000)`)).rejects.toThrow('took longer than 1.5 s');
    const left = listProcesses().filter(({ pid, zombie }) => !zombie && readEnvironment(pid).includes(mark));
    expect(left).toEqual([]);
    await expectNothingLeft();
  });

  test('when it prints too much', async () => {
    builds = await open({ limits: { buildOutputLength: 100_000 } });
    const endless = `const print = () => process.stdout.write('x'.repeat(99) + '\\n', print); print()`;
    await expect(build(endless)).rejects.toThrow('printed more than 100000 characters');
    await expectNothingLeft();
  });

  test('when npm is not there: what to install', async () => {
    builds = await open({ environment: { PATH: '/nowhere', HOME: folder.path } });
    await expect(build('')).rejects.toMatchObject({
      code: 'failed',
      message: expect.stringMatching(/no program npm on the server's PATH \(\/nowhere\): install Node.js with npm/),
    });
    await expectNothingLeft();
  });

  test('when it is given up', async () => {
    const gone = new AbortController();
    const failed = build(`console.log(process.pid); setInterval(() => {}, 1000)`, { signal: gone.signal }).catch(
      (error: unknown) => error,
    );
    const pid = await vi.waitFor(
      () => {
        const line = output.find((printed) => /^\d+$/.test(printed));
        expect(line).toBeDefined();
        return Number(line);
      },
      { timeout: 15_000 },
    );
    gone.abort(new Error('given up'));
    expect(await failed).toBe(gone.signal.reason);
    expect(groupRuns(pid)).toBe(false);
    await expectNothingLeft();
  });
});
