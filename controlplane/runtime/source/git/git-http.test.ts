import { readdir } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { defaultLimits } from '../../limits.ts';
import { listProcesses, readIfThere } from '../../process/table.ts';
import { makeFolder, testEnvironment, writeFiles } from '../../runtime.fixture.ts';
import { gitBackend, makeTestRepository, plainFiles, startHttp, type TestRepository } from './git-sources.fixture.ts';
import { openGitSources } from './git-sources.ts';

let folder: Awaited<ReturnType<typeof makeFolder>>;
let repository: TestRepository;
beforeEach(async () => {
  folder = await makeFolder();
  repository = await makeTestRepository(join(folder.path, 'repositories/app'));
  await repository.commit({ 'web/a.txt': 'a', 'b.txt': 'b' });
  await repository.git('tag', 'v1');
});
afterEach(() => folder.remove());

const root = (): string => join(folder.path, 'sources');
const serve = async (listener: RequestListener): Promise<string> => {
  const server = await startHttp(listener);
  onTestFinished(() => server.stop());
  return server.url;
};
/** The version and the files of a repository behind a URL. */
const look = async (
  url: string,
  options: {
    folder?: string;
    ref?: string;
    limits?: Partial<typeof defaultLimits>;
    home?: string;
    signal?: AbortSignal;
  } = {},
) => {
  const environment = { ...testEnvironment, HOME: options.home ?? folder.path };
  const sources = await openGitSources({ root: root(), environment, limits: { ...defaultLimits, ...options.limits } });
  const location = { type: 'git', url, folder: options.folder ?? '', ref: options.ref } as const;
  const signal = options.signal ?? new AbortController().signal;
  return sources.checkOut(location, signal, async ({ folder, version }) => {
    return { version, files: (await readdir(folder)).toSorted() };
  });
};
/** Processes that were started with a URL in their command line. */
const helpersFor = (url: string): readonly number[] =>
  listProcesses()
    .filter(({ pid, zombie }) => !zombie && (readIfThere(`/proc/${pid}/cmdline`) ?? '').includes(url))
    .map(({ pid }) => pid);
/** Nothing half done. */
const expectNothingPartial = async (): Promise<void> => {
  expect((await readdir(root())).filter((name) => name.startsWith('.'))).toEqual([]);
};

test('a repository behind a web server of git is fetched, one folder of it too', async () => {
  const url = await serve(gitBackend(join(folder.path, 'repositories')));
  expect(await look(`${url}/app/.git`)).toEqual({ version: 'v1', files: ['b.txt', 'web'] });
  expect(await look(`${url}/app/.git`, { folder: 'web', ref: 'trunk' })).toEqual({ version: 'v1', files: ['a.txt'] });
  await expectNothingPartial();
});

test('a repository that is plain files on a web server is fetched whole', async () => {
  await repository.git('update-server-info');
  const url = await serve(plainFiles(join(folder.path, 'repositories')));
  expect(await look(`${url}/app/.git`, { folder: 'web' })).toEqual({ version: 'v1', files: ['a.txt'] });
});

test('a private repository is fetched with what a credential helper of git knows', async () => {
  const url = await serve(gitBackend(join(folder.path, 'repositories'), 'secret'));
  await writeFiles(folder.path, {
    'home/.gitconfig': `[credential]\n\thelper = store\n`,
    'home/.git-credentials': `${url.replace('//', '//user:secret@')}\n`,
  });
  const home = join(folder.path, 'home');
  expect(await look(`${url}/app/.git`, { home })).toMatchObject({ version: 'v1' });
});

test('a private repository asks nobody for a password, and says what to set up', async () => {
  const url = await serve(gitBackend(join(folder.path, 'repositories'), 'secret'));
  await expect(look(`${url}/app/.git`)).rejects.toMatchObject({
    code: 'failed',
    message: expect.stringMatching(/^no access to http:\S+: .*credential helper/),
  });
  await expectNothingPartial();
});

test('what is not there is told apart', async () => {
  const url = await serve(gitBackend(join(folder.path, 'repositories')));
  await expect(look(`${url}/none`)).rejects.toMatchObject({
    code: 'not-found',
    message: `there is no git repository at ${url}/none, or it is private and the server has no access to it`,
  });
  await expect(look(`${url}/app/.git`, { ref: 'none' })).rejects.toMatchObject({
    code: 'not-found',
    message: expect.stringContaining('has no branch, tag or commit none'),
  });
  await expect(look(`${url}/app/.git`, { ref: '1'.repeat(40) })).rejects.toThrow('has no branch, tag or commit 1111');
  await expect(look(`${url}/app/.git`, { ref: '1'.repeat(10) })).rejects.toThrow('has no branch, tag or commit 1111');
  await expect(look(`${url}/app/.git`, { folder: 'none' })).rejects.toMatchObject({
    code: 'not-found',
    message: expect.stringMatching(/holds no folder none in commit [0-9a-f]{12}/),
  });
  await expect(look(`${url}/app/.git`, { folder: 'b.txt' })).rejects.toThrow('holds no folder b.txt');
  await expect(look('file:///nowhere')).rejects.toThrow('there is no git repository at file:///nowhere');
  await expectNothingPartial();
});

test('a host that does not answer is told', async () => {
  const server = await startHttp(() => undefined);
  await server.stop();
  await expect(look(`${server.url}/app`)).rejects.toMatchObject({
    code: 'unavailable',
    message: `${server.url}/app cannot be fetched: its host does not answer; try again later`,
  });
});

test('a fetch that takes too long is ended, with all that runs for it', async () => {
  const url = await serve(() => undefined);
  await expect(look(`${url}/app`, { limits: { fetchTimeoutMs: 300 } })).rejects.toMatchObject({
    code: 'failed',
    message: expect.stringContaining('/app was not fetched within 0.3 s'),
  });
  expect(helpersFor(url)).toEqual([]);
  await expectNothingPartial();
});

test('a fetch that is given up ends what runs for it', async () => {
  let asked: () => void = () => undefined;
  const arrived = new Promise<void>((resolve) => (asked = resolve));
  const url = await serve(() => asked());
  const givenUp = new AbortController();
  const failed = look(`${url}/app`, { signal: givenUp.signal }).catch((error: unknown) => error);
  await arrived;
  expect(helpersFor(url).length).toBeGreaterThan(0);
  givenUp.abort(new Error('given up'));
  expect(await failed).toBe(givenUp.signal.reason);
  expect(helpersFor(url)).toEqual([]);
  await expectNothingPartial();
});

test('a repository that is too large is refused, and nothing is kept of it', async () => {
  const url = `file://${repository.folder}`;
  await expect(look(url, { limits: { fetchBytes: 1000 } })).rejects.toMatchObject({
    code: 'invalid',
    message: 'the repository takes more than 1000 bytes to fetch; run a smaller one',
  });
  expect(await readdir(root())).toEqual([]);
});

test('git that is not installed is told', async () => {
  const sources = await openGitSources({ root: root(), environment: { PATH: '/nowhere' }, limits: defaultLimits });
  const location = { type: 'git', url: 'file:///x', folder: '', ref: undefined } as const;
  await expect(sources.checkOut(location, new AbortController().signal, async () => undefined)).rejects.toThrow(
    'git is not installed on the server; install it',
  );
});
