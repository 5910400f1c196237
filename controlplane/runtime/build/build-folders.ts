import { existsSync } from 'node:fs';
import { mkdir, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { removePartial, removeTree, removeUnneeded, syncFolder } from '../content-folders.ts';

/**
 * The folders of builds, each named by the digest of its bundle and there whole or not at all. Unlike bundles they are made
 * in the place where they stay: what a build writes may hold its own path, as the scripts of a Python environment do.
 */
export interface BuildFolders {
  /** The folder of a finished build; `undefined` when there is none. */
  find(digest: string): string | undefined;
  /**
   * Lets `fill` fill the folder of a build, one at a time of each digest; a finished one is given back as it is. When
   * `fill` fails nothing is left.
   */
  make(digest: string, fill: (folder: string) => Promise<void>): Promise<string>;
  /** Removes those of which nobody needs the digest, and that are not being made. */
  keepOnly(isNeeded: (digest: string) => boolean): Promise<void>;
}

/** Beside the folder of a build for as long as it is not finished. */
const unfinished = '.unfinished';

/** Opens the builds under `root`, and removes those that were never finished: they are of a process that was killed. */
export async function openBuildFolders(root: string): Promise<BuildFolders> {
  await mkdir(root, { recursive: true });
  const making = new Map<string, Promise<unknown>>();
  const remove = async (folder: string): Promise<void> => {
    await removeTree(folder);
    await rm(folder + unfinished, { force: true });
  };
  await removePartial(root);
  for (const name of await readdir(root)) {
    if (name.endsWith(unfinished)) await remove(join(root, name.slice(0, -unfinished.length)));
  }

  const folderOf = (digest: string): string => join(root, digest.replace(/^sha256:/, ''));
  const find = (digest: string): string | undefined => {
    const folder = folderOf(digest);
    return existsSync(folder) && !existsSync(folder + unfinished) ? folder : undefined;
  };
  const makeOne = async (digest: string, fill: (folder: string) => Promise<void>): Promise<string> => {
    const folder = folderOf(digest);
    try {
      await using mark = await open(folder + unfinished, 'w');
      await mark.sync();
      await syncFolder(root);
      await mkdir(folder);
      await fill(folder);
      await rm(folder + unfinished);
      await syncFolder(root);
      return folder;
    } catch (error) {
      await remove(folder);
      throw error;
    }
  };
  return {
    find,
    async make(digest, fill) {
      // One that fails is no reason for the next not to try.
      while (making.has(digest)) await making.get(digest)?.catch(() => undefined);
      const found = find(digest);
      if (found !== undefined) return found;
      const made = makeOne(digest, fill);
      making.set(digest, made);
      return made.finally(() => making.delete(digest));
    },
    keepOnly: (isNeeded) => removeUnneeded(root, (digest) => making.has(digest) || isNeeded(digest)),
  };
}
