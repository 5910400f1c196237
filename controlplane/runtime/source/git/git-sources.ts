import { createHash } from 'node:crypto';
import { mkdir, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import pLimit, { type LimitFunction } from 'p-limit';
import { ControlPlaneError } from '../../../errors.ts';
import { partialFolder, removePartial, removeUnneeded } from '../../content-folders.ts';
import { listStrangers } from '../../instance/mark.ts';
import type { RuntimeLimits } from '../../limits.ts';
import { endProcesses } from '../../process/end.ts';
import { type ProcessEntry, readEnvironment } from '../../process/table.ts';
import { formatLocation, type GitLocation } from '../location/location.ts';
import { openGit } from './git.ts';
import { askRemote } from './remote.ts';
import { fetchFiles, makeRepository, versionOf } from './repository.ts';
import { type SizeLimit, watchSize } from './watch-size.ts';

/** What a commit has in a folder, on disk for as long as it is used. */
interface CheckedOut {
  readonly folder: string;
  /** A tag, a tag and the distance from it, or the beginning of the commit's name. */
  readonly version: string;
}

/** Sources in git repositories elsewhere, of which copies are kept that later runs update. */
export interface GitSources {
  /**
   * Fetches what a location names and gives it to `use`; one at a time of a repository.
   *
   * @throws ControlPlaneError that tells what is not there, or why it cannot be had
   */
  checkOut<Result>(
    location: GitLocation,
    signal: AbortSignal,
    use: (checkedOut: CheckedOut) => Promise<Result>,
  ): Promise<Result>;
  /** Removes the copies of repositories of which nobody needs the digest. */
  keepOnly(isNeeded: (digest: string) => boolean): Promise<void>;
}

/** Marks what runs for one fetch. */
const fetchVariable = 'MICRO_FETCH';
const helpersGraceMs = 2000;

/** Of the URL of a repository; its copy is kept under it. */
export function repositoryDigest(url: string): string {
  return `sha256:${createHash('sha256').update(url).digest('hex')}`;
}

/**
 * Opens the copies that are kept under `root`, by the digests of their URLs. One is taken out of its place while it is
 * worked on, and put back when all went well: what a killed server, or a fetch that broke, left half done is removed.
 *
 * @param options.environment the whole environment of git: PATH, HOME, SSH_AUTH_SOCK
 */
export async function openGitSources(options: {
  readonly root: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly limits: Pick<RuntimeLimits, 'fetchTimeoutMs' | 'fetchBytes'>;
}): Promise<GitSources> {
  const { root, environment, limits } = options;
  await mkdir(root, { recursive: true });
  await removePartial(root);

  const lanes = new Map<string, LimitFunction>();
  const oneAtATime = (url: string): LimitFunction => {
    const lane = lanes.get(url) ?? pLimit(1);
    lanes.set(url, lane);
    return lane;
  };

  /** Brings the copy of a repository up to date in `work`, and what was asked for into a folder beside it. */
  const fetchInto = async (
    work: string,
    location: GitLocation,
    options: {
      readonly signal: AbortSignal;
      readonly size: SizeLimit;
      readonly environment: Readonly<Record<string, string>>;
    },
  ): Promise<CheckedOut> => {
    const { signal, size, environment } = options;
    const { url, folder: inside, ref } = location;
    const source = formatLocation({ ...location, folder: '', ref: undefined });
    const repository = join(work, 'repository');
    const git = await openGit({ repository, folder: work, environment, source, signal });
    const remote = await askRemote(git, source, url, ref);

    const kept = join(root, repositoryDigest(url).replace('sha256:', ''));
    const copy = { folder: repository, git, source };
    if (!(await moved(kept, repository))) await makeRepository(copy, url);
    const folder = join(work, 'files');
    await mkdir(folder);
    const commit = await fetchFiles(copy, { url, ref, remote, inside, to: folder });
    const version = await versionOf(copy, commit, remote);
    await size.check();
    signal.throwIfAborted();
    await rename(repository, kept);
    return { folder, version };
  };

  return {
    keepOnly: (isNeeded) => removeUnneeded(root, isNeeded),
    checkOut: (location, signal, use) =>
      oneAtATime(location.url)(async () => {
        signal.throwIfAborted();
        const work = partialFolder(root);
        const id = basename(work);
        await mkdir(work);
        const outOfTime = AbortSignal.timeout(limits.fetchTimeoutMs);
        const size = watchSize(work, limits.fetchBytes);
        const cutOff = AbortSignal.any([signal, outOfTime, size.exceeded]);
        try {
          const own = { ...environment, [fetchVariable]: id };
          const checkedOut = await fetchInto(work, location, { signal: cutOff, size, environment: own });
          return await use(checkedOut);
        } catch (error) {
          signal.throwIfAborted();
          if (outOfTime.aborted) {
            const limit = `${limits.fetchTimeoutMs / 1000} s`;
            throw new ControlPlaneError(
              'failed',
              `${formatLocation(location)} was not fetched within ${limit}; try again, or run a smaller repository`,
              { cause: error },
            );
          }
          throw error;
        } finally {
          size.stop();
          if (cutOff.aborted) await endHelpers(id);
          await rm(work, { recursive: true, force: true });
        }
      }),
  };
}

/** Ends what git had running for a fetch that was cut off: `git remote-http` and ssh go on without it. */
async function endHelpers(id: string): Promise<void> {
  const isHelper = ({ pid }: ProcessEntry): boolean => readEnvironment(pid).includes(`${fetchVariable}=${id}`);
  await endProcesses(() => listStrangers().filter(isHelper), helpersGraceMs);
}

/** Moves a folder; false when there is none. */
async function moved(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
