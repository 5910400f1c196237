import { execFile } from 'node:child_process';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { helloService, makeFolder, testEnvironment, writeFiles } from '../runtime.fixture.ts';
import { readProject } from '../project/project.ts';
import { namingPath, readSourceFolder } from './source.ts';

let folder: Awaited<ReturnType<typeof makeFolder>>;
beforeEach(async () => {
  folder = await makeFolder();
});
afterEach(() => folder.remove());

const read = (path: string, environment: Readonly<Record<string, string>> = testEnvironment) =>
  readSourceFolder(path, environment);
const declaredName = async (path: string) => (await readProject(path)).declaredName();
const git = (...words: string[]) =>
  promisify(execFile)('git', ['-C', folder.path, '-c', 'user.name=t', '-c', 'user.email=t@t', ...words]);

test('a folder is known by the path that has no links in it', async () => {
  await writeFiles(join(folder.path, 'real'), helloService(''));
  await symlink('real', join(folder.path, 'link'));
  expect((await read(join(folder.path, 'link'))).folder).toBe(join(folder.path, 'real'));
});

test('micro.name goes before the name of the package, which counts without its scope', async () => {
  await writeFiles(folder.path, { 'package.json': { name: '@acme/greeter' } });
  expect(await declaredName(folder.path)).toBe('greeter');
  await writeFiles(folder.path, { 'package.json': { name: '@acme/greeter', micro: { name: 'go.micro.api.greeter' } } });
  expect(await declaredName(folder.path)).toBe('go.micro.api.greeter');
});

test.each([
  [{ type: 'folder', path: '/src/helloworld/web' }, '/src/helloworld/web'],
  [{ type: 'git', url: 'https://github.com/acme/greeter.git', folder: '', ref: undefined }, '/greeter'],
  [{ type: 'git', url: 'git@host:greeter', folder: '', ref: undefined }, '/greeter'],
  [{ type: 'git', url: 'https://github.com/acme/greeter', folder: 'web', ref: 'v1' }, '/greeter/web'],
] as const)('a source at %j that does not name itself is named by %s', (location, path) => {
  expect(namingPath(location)).toBe(path);
});

describe('what is no source is refused', () => {
  test('a path that is not there', async () => {
    await expect(read(join(folder.path, 'none'))).rejects.toThrow(/the source \S+\/none cannot be read: ENOENT/);
  });

  test('a file', async () => {
    await writeFiles(folder.path, { file: '' });
    await expect(read(join(folder.path, 'file'))).rejects.toThrow('is not a folder');
  });

  test('a folder with no service that is known, and what was looked for', async () => {
    await expect(read(folder.path)).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringContaining(`${folder.path} holds no service that is known how to run: looked for`),
    });
  });

  test.each([
    ['{"name": }\n', /package\.json is no JSON: .+$/],
    [{ scripts: { start: 1 } }, /package\.json is not as npm wants it: scripts\.start: .+$/],
    [[], /package\.json is not as npm wants it: Invalid input: .+$/],
    [`"${'x'.repeat(1024 * 1024)}"`, /has 1048578 bytes; at most 1048576 are read/],
  ])('a package.json that is broken', async (content, message) => {
    await writeFiles(folder.path, { 'package.json': content });
    await expect(read(folder.path)).rejects.toMatchObject({ code: 'invalid', message: expect.stringMatching(message) });
  });
});

describe('the version', () => {
  const service = () => writeFiles(join(folder.path, 'services/hello'), helloService(''));

  test('of a folder inside a bigger repository is that of the repository', async () => {
    const path = await service();
    await git('init', '-q');
    await git('add', '.');
    await git('commit', '-qm', 'first');
    await git('tag', 'v1');
    expect((await read(path)).gitVersion).toEqual({ version: 'v1' });
    await git('commit', '-qm', 'second', '--allow-empty');
    expect((await read(path)).gitVersion).toEqual({ version: expect.stringMatching(/^v1-1-g[0-9a-f]+$/) });
    await writeFiles(path, { 'server.js': 'changed' });
    expect((await read(path)).gitVersion).toEqual({ version: expect.stringMatching(/-dirty$/) });
  });

  test('is not known where there is no repository, no commit or no git, and it says why', async () => {
    const path = await service();
    expect((await read(path)).gitVersion).toEqual({ reason: expect.stringContaining('not a git repository') });
    expect((await read(path, { PATH: '/nowhere' })).gitVersion).toEqual({ reason: 'git is not installed' });
    await git('init', '-q');
    expect((await read(path)).gitVersion).toEqual({ reason: expect.any(String) });
  });
});
