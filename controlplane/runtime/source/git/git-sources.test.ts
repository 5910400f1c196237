import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { defaultLimits } from '../../limits.ts';
import { makeFolder, testEnvironment } from '../../runtime.fixture.ts';
import type { GitLocation } from '../location/location.ts';
import { makeTestRepository, type TestRepository } from './git-sources.fixture.ts';
import { openGitSources } from './git-sources.ts';

let folder: Awaited<ReturnType<typeof makeFolder>>;
let repository: TestRepository;
beforeEach(async () => {
  folder = await makeFolder();
  repository = await makeTestRepository(join(folder.path, 'repository'));
});
afterEach(() => folder.remove());

const root = (): string => join(folder.path, 'sources');
const open = (limits: Partial<typeof defaultLimits> = {}, environment = testEnvironment) =>
  openGitSources({ root: root(), environment, limits: { ...defaultLimits, ...limits } });
const at = (location: Partial<GitLocation> = {}): GitLocation => ({
  type: 'git',
  url: `file://${repository.folder}`,
  folder: '',
  ref: undefined,
  ...location,
});
/** The version of what is checked out, and its files. */
const look = async (location: GitLocation, sources = open()): Promise<{ version: string; files: string[] }> =>
  (await sources).checkOut(location, new AbortController().signal, async ({ folder, version }) => {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    return { version, files: files.map((file) => file.slice(folder.length + 1)).toSorted() };
  });

describe('what is checked out', () => {
  test('is the default branch, which is asked for, when nothing is said', async () => {
    const commit = await repository.commit({ 'a.txt': 'one', 'sub/b.txt': 'two' });
    await repository.git('branch', 'main', 'HEAD');
    expect(await look(at())).toEqual({ version: commit.slice(0, 7), files: ['a.txt', 'sub/b.txt'] });
  });

  test('is the branch, tag or commit that is named, whole or by its beginning', async () => {
    const first = await repository.commit({ first: '' });
    await repository.git('tag', '--annotate', '--message=v1', 'v1.0.0');
    await repository.commit({ second: '' });
    await repository.git('checkout', '--quiet', '-b', 'feature/x');
    await repository.commit({ third: '' });
    await repository.git('checkout', '--quiet', 'trunk');
    const sources = open();
    expect(await look(at({ ref: 'v1.0.0' }), sources)).toEqual({ version: 'v1.0.0', files: ['first'] });
    expect(await look(at({ ref: 'feature/x' }), sources)).toMatchObject({ files: ['first', 'second', 'third'] });
    expect(await look(at({ ref: first }), sources)).toEqual({ version: 'v1.0.0', files: ['first'] });
    expect(await look(at({ ref: first.slice(0, 9) }), sources)).toEqual({ version: 'v1.0.0', files: ['first'] });
    expect(await look(at(), sources)).toMatchObject({ files: ['first', 'second'] });
  });

  test('is one folder of a repository, of whose files no others are fetched', async () => {
    await repository.commit({ 'services/web/a.txt': 'mine', 'services/api/b.txt': 'other', 'c.txt': 'another' });
    expect((await look(at({ folder: 'services/web' }))).files).toEqual(['a.txt']);
    const [kept = ''] = await readdir(root());
    const objects = await repository.git(
      `--git-dir=${join(root(), kept)}`,
      'cat-file',
      '--batch-all-objects',
      '--batch-check',
    );
    expect(objects.match(/ blob /g)).toHaveLength(1);
  });

  test('is what was committed, ignored by .gitignore or not', async () => {
    await repository.commit({ '.gitignore': 'dist\n', 'dist/a.js': '' });
    expect((await look(at())).files).toEqual(['.gitignore', 'dist/a.js']);
  });
});

test('a submodule is refused, with what to do instead, where it is part of what is asked for', async () => {
  await repository.commit({ 'web/a.txt': 'a', 'api/b.txt': 'b' });
  const library = await makeTestRepository(join(folder.path, 'library'));
  await library.commit({ c: '' });
  const add = ['submodule', '--quiet', 'add', library.folder, 'api/library'];
  await repository.git('-c', 'protocol.file.allow=always', ...add);
  await repository.commit();
  expect((await look(at({ folder: 'web' }))).files).toEqual(['a.txt']);
  await expect(look(at({ folder: 'api' }))).rejects.toMatchObject({
    code: 'invalid',
    message: expect.stringMatching(
      / has the submodule "library", and submodules are not fetched; clone it with --recurse-/,
    ),
  });
  await expect(look(at())).rejects.toThrow('has the submodule "api/library"');
});

describe('the version', () => {
  test('is the tag and the distance from it, or the commit where no tag is near', async () => {
    await repository.commit({ a: '' });
    await repository.git('tag', 'v2');
    const commit = await repository.commit({ b: '' });
    expect((await look(at())).version).toBe(`v2-1-g${commit.slice(0, 7)}`);
  });
});

test('a later run fetches what is new into the copy that was kept', async () => {
  await repository.commit({ first: '' });
  const sources = open();
  await look(at(), sources);
  const kept = await readdir(root());
  await repository.commit({ second: '' });
  expect((await look(at(), sources)).files).toEqual(['first', 'second']);
  expect(await readdir(root())).toEqual(kept);
  expect(await readFile(join(root(), kept[0] ?? '', 'shallow'), 'utf8').catch(() => '')).toBe('');
});
