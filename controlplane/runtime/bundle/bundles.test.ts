import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmod, lstat, mkdir, readdir, readFile, readlink, rm, symlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ControlPlaneError } from '../../errors.ts';
import { defaultLimits } from '../limits.ts';
import { makeFolder, writeFiles } from '../runtime.fixture.ts';
import { type Bundles, openBundles } from './bundles.ts';
import { digestOf } from './digest.ts';
import { packFolder } from './pack.ts';

let folder: Awaited<ReturnType<typeof makeFolder>>;
let source: string;
let bundles: Bundles;
beforeEach(async () => {
  folder = await makeFolder();
  source = join(folder.path, 'source');
  await mkdir(source);
  bundles = await open();
});
afterEach(() => folder.remove());

const root = (): string => join(folder.path, 'bundles');
const open = (limits = {}) => openBundles(folder.path, { ...defaultLimits, ...limits });
const parts = () => packFolder(source, { limit: defaultLimits.bundleEntries });
/** Makes a bundle of the source as the command line and the server do. */
const create = async (): Promise<string> => {
  const digest = await digestOf(parts());
  await bundles.receive(digest, parts(), new AbortController().signal);
  return digest;
};
const list = async (digest: string): Promise<readonly string[]> => {
  const found = bundles.find(digest) ?? '';
  const entries = await readdir(found, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(found.length + 1))
    .toSorted();
};

test('a bundle is a read-only copy that is named by what is in it', async () => {
  await writeFiles(source, { 'a.txt': 'A', 'sub/run.sh': 'B' });
  await chmod(join(source, 'sub/run.sh'), 0o755);
  await symlink('../a.txt', join(source, 'sub/link'));
  const digest = await create();
  expect(digest).toMatch(/^sha256:[0-9a-f]{64}$/);
  const bundle = bundles.find(digest) ?? '';
  expect(await list(digest)).toEqual(['a.txt', 'sub/link', 'sub/run.sh']);
  expect(await readFile(join(bundle, 'a.txt'), 'utf8')).toBe('A');
  expect(await readlink(join(bundle, 'sub/link'))).toBe('../a.txt');
  const modes = await Promise.all(['', 'a.txt', 'sub', 'sub/run.sh'].map((path) => lstat(join(bundle, path))));
  expect(modes.map(({ mode }) => (mode & 0o777).toString(8))).toEqual(['555', '444', '555', '555']);
  expect(await readdir(root())).toEqual([digest.slice('sha256:'.length)]);
});

test('the same content is the same bundle, and each difference is another', async () => {
  await writeFiles(source, { 'a.txt': 'A' });
  const digests = [await create(), await create()];
  await writeFiles(source, { 'a.txt': 'B' });
  digests.push(await create());
  await chmod(join(source, 'a.txt'), 0o755);
  digests.push(await create());
  await mkdir(join(source, 'empty'));
  digests.push(await create());
  await symlink('a.txt', join(source, 'b.txt'));
  digests.push(await create());
  expect(digests[0]).toBe(digests[1]);
  expect(new Set(digests).size).toBe(5);
});

describe('what is left out', () => {
  test('follows .gitignore and .microignore of every folder, the nearest first', async () => {
    await writeFiles(source, {
      '.gitignore': '*.log\n/dist\nsecret\n',
      '.microignore': '!dist\nbig\n',
      'a.log': '',
      'dist/x': '',
      'big/x': '',
      'sub/.gitignore': '!keep.log\nown\n',
      'sub/keep.log': '',
      'sub/other.log': '',
      'sub/own': '',
      'sub/secret/deep': '',
      'sub/dist/x': '',
      own: '',
    });
    expect(await list(await create())).toEqual([
      '.gitignore',
      '.microignore',
      'dist/x',
      'own',
      'sub/.gitignore',
      'sub/dist/x',
      'sub/keep.log',
    ]);
  });

  test('follows the rules above the source, up to the top of the repository', async () => {
    await writeFiles(folder.path, { '.gitignore': 'ignored-above\n' });
    await writeFiles(source, { 'ignored-above': '', kept: '' });
    expect(await list(await create())).toEqual(['ignored-above', 'kept']);
    await mkdir(join(folder.path, '.git'));
    expect(await list(await create())).toEqual(['kept']);
  });

  test('agrees with git', async () => {
    await promisify(execFile)('git', ['-C', source, 'init', '-q']);
    await writeFiles(source, {
      '.gitignore': '# comment\nUPPER\n*.tmp\n!important.tmp\n/only-here\ndeep/**/x\nfolder/\n\\!odd\n',
      'a.tmp': '',
      'important.tmp': '',
      'only-here': '',
      'sub/only-here': '',
      'deep/1/2/x': '',
      'deep/1/2/y': '',
      'folder/inside': '',
      'sub/folder': '',
      '!odd': '',
      upper: '',
      'sub/.gitignore': '*\n!.gitignore\n',
    });
    const { stdout } = await promisify(execFile)('git', ['-C', source, 'ls-files', '-co', '--exclude-standard']);
    expect(await list(await create())).toEqual(stdout.trim().split('\n').toSorted());
  });

  test('follows .microignore alone in what a commit has, of which .gitignore says nothing', async () => {
    await writeFiles(source, { '.gitignore': 'dist\n', '.microignore': 'docs\n', 'dist/a': '', 'docs/b': '' });
    const digest = await bundles.create(source, new AbortController().signal);
    expect(await list(digest)).toEqual(['.gitignore', '.microignore', 'dist/a']);
  });

  test('always has git’s history and installed packages in it', async () => {
    await writeFiles(source, {
      '.git/config': '',
      'node_modules/x/index.js': '',
      'sub/node_modules/y': '',
      'a.js': '',
    });
    expect(await list(await create())).toEqual(['a.js']);
  });
});

describe('a source is refused, and nothing is left of it, when it holds', () => {
  const attempt = async (): Promise<unknown> => {
    const error = await create().then(
      () => undefined,
      (thrown: ControlPlaneError) => thrown,
    );
    return { code: error?.code, message: error?.message, left: await readdir(root()) };
  };
  const refused = (message: string | RegExp): unknown => {
    return { code: 'invalid', message: expect.stringMatching(message), left: [] };
  };

  test.each([
    ['/etc/passwd', 'is absolute'],
    ['../../outside', 'leads out of'],
    ['..', 'leads out of'],
    ['nothing', 'leads to nothing'],
    ['link', 'cannot be followed'],
  ])('a link to %s', async (target, fault) => {
    await writeFiles(folder.path, { 'outside/secret': '' });
    await symlink(target.replace('../../', '../'), join(source, 'link'));
    expect(await attempt()).toEqual(refused(new RegExp(`${source}/link → .*${fault}`)));
  });

  test('a link that is led out by another', async () => {
    await writeFiles(folder.path, { 'outside/secret': '', 'source/sub/x': '' });
    await symlink('..', join(source, 'sub/up'));
    await symlink('sub/up/../outside', join(source, 'link'));
    expect(await attempt()).toEqual(refused(new RegExp(`${source}/link → .*leads out of`)));
  });

  test('a named pipe', async () => {
    await promisify(execFile)('mkfifo', [join(source, 'pipe')]);
    expect(await attempt()).toEqual(refused(`${source}/pipe is a named pipe`));
  });

  test('a socket', async () => {
    const server = createServer().listen(join(source, 'socket'));
    await once(server, 'listening');
    expect(await attempt()).toEqual(refused(`${source}/socket is a socket`));
    server.close();
  });

  test('too many files', async () => {
    await writeFiles(source, { a: '', b: '', 'c/d': '' });
    bundles = await open({ bundleEntries: 3 });
    expect(await attempt()).toEqual(refused('holds more than 3 files and folders'));
  });

  test('too many bytes', async () => {
    await writeFiles(source, { a: '12345', b: '12345' });
    bundles = await open({ bundleBytes: 9 });
    expect(await attempt()).toEqual(refused('holds more than 9 bytes'));

    await writeFiles(source, { a: 'x'.repeat(2 ** 20) });
    bundles = await open({ bundleBytes: 2 ** 20 });
    expect(await attempt()).toEqual(refused('holds more than 1 MiB'));
  });
});

test('the data folder of a server is left out of a source that has it inside', async () => {
  await writeFiles(source, { kept: '', 'data/token': 'secret', 'data/node': '', 'data/lock': '' });
  expect(await list(await create())).toEqual(['kept']);
});

test('a run that is given up leaves nothing', async () => {
  await writeFiles(source, { a: '' });
  await expect(bundles.create(source, AbortSignal.abort(new Error('given up')))).rejects.toThrow('given up');
  expect(await readdir(root())).toEqual([]);
});

test('what a killed server had half made is removed at the next start', async () => {
  await writeFiles(source, { a: '' });
  const digest = await create();
  await writeFiles(join(root(), '.partial-1'), { 'sub/x': '' });
  await chmod(join(root(), '.partial-1/sub'), 0o555);
  bundles = await open();
  expect(await readdir(root())).toEqual([digest.slice('sha256:'.length)]);
  await rm(bundles.find(digest) ?? '', { recursive: true });
  expect(bundles.find(digest)).toBeUndefined();
});
