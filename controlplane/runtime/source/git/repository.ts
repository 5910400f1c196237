import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ControlPlaneError } from '../../../errors.ts';
import type { Git } from './git.ts';
import { noSuchRef, type Remote } from './remote.ts';

/** A copy of a repository, without a working folder, that holds no more than was asked for. */
export interface Repository {
  readonly folder: string;
  /** Runs in the folder. */
  readonly git: Git;
  /** What errors call it. */
  readonly source: string;
}

/** Commits of history that are fetched along, so that a version can be told by its distance from a tag. */
const depth = 50;
/** What was asked for last; the next fetch tells the other side that it is here already. */
const tip = 'refs/micro/tip';

/** Makes the repository in its folder, which is empty. */
export async function makeRepository({ git }: Repository, url: string): Promise<void> {
  // Without templates: no hook of the user's is to run on what is fetched.
  await git('init', '--quiet', '--bare', '--template=');
  await git('remote', 'add', 'origin', url);
  // It would go on in the background when the folder has been moved already.
  await git('config', 'gc.auto', '0');
  await git('config', 'maintenance.auto', 'false');
}

/** What is asked for of a repository elsewhere. */
interface Wanted {
  readonly url: string;
  readonly ref: string | undefined;
  readonly remote: Remote;
}

/**
 * Fetches the last commits of what is asked for, and writes what the last of them has in a folder of it into an empty one.
 *
 * @param options.inside the folder in the repository, "" for all of it
 * @returns the commit
 * @throws ControlPlaneError `not-found` when there is no such ref, or no such folder; `invalid` when that has submodules
 */
export async function fetchFiles(
  repository: Repository,
  options: Wanted & { readonly inside: string; readonly to: string },
): Promise<string> {
  const { inside, to } = options;
  const commit = await fetchCommit(repository, options, 'parts');
  try {
    await checkOut(repository, { commit, inside, to });
    return commit;
  } catch (error) {
    if (!says(error, onlyRefs)) throw error;
    // It left the files out as it was asked to, and then does not give them.
    await makeAnew(repository, options.url);
    const whole = await fetchCommit(repository, options, 'whole');
    await checkOut(repository, { commit: whole, inside, to });
    return whole;
  }
}

/** Said by servers that speak the first version of git's protocol: they give what a ref names, and nothing by its own name. */
const onlyRefs = /unadvertised object/;

/**
 * Fetches the last commits, with everything in them or with their lists of files alone: of the files, those of one folder
 * follow in `checkOut`, where the other side gives parts.
 */
async function fetchCommit(
  repository: Repository,
  { url, ref = 'HEAD', remote }: Wanted,
  extent: 'parts' | 'whole',
): Promise<string> {
  const { git, source } = repository;
  const filter = extent === 'parts' ? ['--filter=blob:none'] : [];
  const fetch = (...words: readonly string[]): Promise<string> => git('fetch', '--quiet', '--no-tags', ...words);
  // Nobody can be asked for a commit by a part of its name: it is looked for in the whole history.
  const fetchHistory = async (): Promise<string> => {
    await fetch(...filter, 'origin', '+refs/heads/*:refs/micro/heads/*', '+refs/tags/*:refs/micro/tags/*');
    return ref;
  };
  const fetchWanted = async (wanted: string, ...words: readonly string[]): Promise<string> => {
    await fetch(...words, 'origin', `+${wanted}:${tip}`);
    return tip;
  };
  const { wanted } = remote;
  const fetched = wanted === undefined ? fetchHistory() : fetchWanted(wanted, ...filter, `--depth=${depth}`);
  const name = await fetched.catch(async (error: unknown) => {
    if (says(error, onlyRefs)) return fetchHistory();
    if (wanted !== undefined && says(error, /dumb http transport does not support/)) {
      // Plain files on a web server. They come whole or not at all, into a copy that expects to have all of them.
      await makeAnew(repository, url);
      return fetchWanted(wanted);
    }
    throw says(error, /not our ref|couldn't find remote ref|bad object/) ? noSuchRef(source, ref, error) : error;
  });
  try {
    return (await git('rev-parse', '--verify', '--end-of-options', `${name}^{commit}`)).trim();
  } catch (error) {
    throw says(error, /needed a single revision|ambiguous|expected commit type/i)
      ? noSuchRef(source, ref, error)
      : error;
  }
}

async function makeAnew(repository: Repository, url: string): Promise<void> {
  await rm(repository.folder, { recursive: true });
  await mkdir(repository.folder);
  await makeRepository(repository, url);
}

/**
 * Tells the version of a commit as `git describe --tags` does: the tag on it, or the last tag and the distance from it,
 * where it is not farther back than the history that was fetched; else the beginning of the commit's name.
 */
export async function versionOf({ git }: Repository, commit: string, { tag, tags }: Remote): Promise<string> {
  if (tag !== undefined) return tag;
  const history = (await git('rev-list', commit)).split('\n');
  for (const ancestor of history) {
    for (const name of tags.get(ancestor) ?? []) await git('update-ref', `refs/tags/${name}`, ancestor);
  }
  return (await git('describe', '--tags', '--always', commit)).trim();
}

async function checkOut(
  { folder, git, source }: Repository,
  options: { readonly commit: string; readonly inside: string; readonly to: string },
): Promise<void> {
  const { commit, inside, to } = options;
  const tree = `${commit}:${inside}`;
  const type = await git('cat-file', '-t', tree).catch((error: unknown) => {
    if (says(error, /does not exist|Not a valid object name|exists on disk/)) return 'nothing';
    throw error;
  });
  if (type.trim() !== 'tree') {
    throw new ControlPlaneError('not-found', `${source} holds no folder ${inside} in commit ${commit.slice(0, 12)}`);
  }
  await refuseSubmodules({ folder, git, source }, tree);
  // The list of what lies in the working folder, which is another one each time.
  await rm(join(folder, 'index'), { force: true });
  await git(`--work-tree=${to}`, 'read-tree', '--reset', '-u', tree);
}

/**
 * Other repositories at places of their own choice, each with an access of its own: they are left to whoever runs the
 * service, rather than fetched with the rights of the server. An empty folder in their place would be worse than no service.
 */
async function refuseSubmodules({ git, source }: Repository, tree: string): Promise<void> {
  const entries = (await git('ls-tree', '-r', '-z', tree)).split('\0');
  const [, path] = /^160000 [^\t]*\t(.*)$/s.exec(entries.find((entry) => entry.startsWith('160000 ')) ?? '') ?? [];
  if (path === undefined) return;
  throw new ControlPlaneError(
    'invalid',
    `${source} has the submodule ${JSON.stringify(path)}, and submodules are not fetched; clone it with --recurse-submodules and run the folder, ` +
      'or put the files of the submodule into the repository (git subtree)',
  );
}

/** Whether git gave a reason; the error is one of ours, with git's as its cause. */
function says(error: unknown, reason: RegExp): boolean {
  return error instanceof ControlPlaneError && error.cause instanceof Error && reason.test(error.cause.message);
}
