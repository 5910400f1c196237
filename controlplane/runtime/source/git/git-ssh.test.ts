import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { defaultLimits } from '../../limits.ts';
import { makeFolder, testEnvironment, writeFiles } from '../../runtime.fixture.ts';
import { makeTestRepository } from './git-sources.fixture.ts';
import { openGitSources } from './git-sources.ts';
import { type Sshd, startSshd } from './sshd.fixture.ts';

let folder: Awaited<ReturnType<typeof makeFolder>>;
let sshd: Sshd;
let firstCommit: string;
beforeEach(async () => {
  folder = await makeFolder();
  const repository = await makeTestRepository(join(folder.path, 'app'));
  firstCommit = await repository.commit({ 'web/first.txt': 'a' });
  await repository.git('rm', '-r', 'web');
  await repository.commit({ 'web/a.txt': 'a' });
  await repository.git('tag', 'v1');
  sshd = await startSshd(join(folder.path, 'ssh'));
});
afterEach(async () => {
  await sshd.stop();
  await folder.remove();
});

/** The version and the files of the repository behind the ssh server. */
const look = async (environment: Readonly<Record<string, string>> = {}, ref?: string) => {
  const PATH = `${sshd.programs}:${testEnvironment.PATH}`;
  const sources = await openGitSources({
    root: join(folder.path, 'sources'),
    environment: { ...testEnvironment, PATH, HOME: folder.path, ...environment },
    limits: defaultLimits,
  });
  const location = { type: 'git', url: `${sshd.url}${folder.path}/app`, folder: 'web', ref } as const;
  return sources.checkOut(location, new AbortController().signal, async ({ folder, version }) => {
    return { version, files: await readdir(folder) };
  });
};

test('a repository behind ssh is fetched where host and user know each other', async () => {
  await sshd.know('host');
  await sshd.admit();
  expect(await look()).toEqual({ version: 'v1', files: ['a.txt'] });
  // Such a server, as Debian's is set up, gives nothing by the name of a commit.
  expect(await look({}, firstCommit)).toMatchObject({ files: ['first.txt'] });
  await expect(look({}, '1'.repeat(40))).rejects.toThrow('has no branch, tag or commit 1111');
});

test('the command that git is set to use for ssh is used', async () => {
  await sshd.know('host');
  await sshd.admit();
  await writeFiles(folder.path, { '.gitconfig': `[core]\n\tsshCommand = ${sshd.clientCommand}\n` });
  expect(await look({ PATH: testEnvironment.PATH })).toEqual({ version: 'v1', files: ['a.txt'] });
});

test('a host whose key is not known is refused at once, and asks nobody', async () => {
  await sshd.admit();
  const refused = {
    code: 'failed',
    message: expect.stringMatching(/^ssh:\S+ cannot be fetched: ssh does not know the key of its host; add it to /),
  };
  await expect(look()).rejects.toMatchObject(refused);
  // Not even where nothing tells ssh that there is nobody.
  await writeFiles(folder.path, { '.gitconfig': `[core]\n\tsshCommand = ${sshd.clientCommand}\n` });
  await expect(look({ PATH: testEnvironment.PATH })).rejects.toMatchObject(refused);
});

test('a host that has another key than it had is refused', async () => {
  await sshd.know('other');
  await sshd.admit();
  await expect(look()).rejects.toThrow('its host has another key than ~/.ssh/known_hosts');
});

test('a host that does not know our key is no reason to ask for a password', async () => {
  await sshd.know('host');
  const refused = { code: 'failed', message: expect.stringMatching(/^no access to ssh:\S+: .*ssh key$/) };
  await expect(look()).rejects.toMatchObject(refused);
  await writeFiles(folder.path, { '.gitconfig': `[core]\n\tsshCommand = ${sshd.clientCommand}\n` });
  await expect(look({ PATH: testEnvironment.PATH })).rejects.toMatchObject(refused);
});
