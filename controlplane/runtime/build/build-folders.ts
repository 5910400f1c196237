import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { removePartial, removeTree, removeUnneeded, syncFolder } from '../content-folders.ts';

/**
 * The folders of builds, each there whole or not at all. Unlike bundles they are made in the place where they stay: what a
 * build writes may hold its own path, as the scripts of a Python environment do.
 */
export interface BuildFolders {
  /** The folder of a finished build; `undefined` when there is none. */
  find(name: string): string | undefined;
  /**
   * Lets `fill` fill the folder of a build, one at a time of each name; a finished one is given back as it is. When `fill`
   * fails nothing is left.
   */
  make(name: string, fill: Fill): Promise<string>;
  /** Removes those of which nobody needs the digest, and that are not being made. */
  keepOnly(isNeeded: (digest: string) => boolean): Promise<void>;
}

/** @param temporary a folder that is there until the build is finished, and has a short path: names of sockets must be short */
type Fill = (folder: string, temporary: string) => Promise<void>;

/** Beside the folder of a build for as long as it is not finished. */
const unfinished = '.unfinished';
const temporaryPrefix = '.tmp-';

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
    if (name.startsWith(temporaryPrefix)) await removeTree(join(root, name));
  }

  const find = (name: string): string | undefined => {
    const folder = join(root, name);
    return existsSync(folder) && !existsSync(folder + unfinished) ? folder : undefined;
  };
  const makeOne = async (name: string, fill: Fill): Promise<string> => {
    const folder = join(root, name);
    const temporary = await mkdtemp(join(root, temporaryPrefix));
    try {
      await using mark = await open(folder + unfinished, 'w');
      await mark.sync();
      await syncFolder(root);
      await mkdir(folder);
      await fill(folder, temporary);
      await rm(folder + unfinished);
      await syncFolder(root);
      return folder;
    } catch (error) {
      await remove(folder);
      throw error;
    } finally {
      await removeTree(temporary);
    }
  };
  return {
    find,
    async make(name, fill) {
      // One that fails is no reason for the next not to try.
      while (making.has(name)) await making.get(name)?.catch(() => undefined);
      const found = find(name);
      if (found !== undefined) return found;
      const made = makeOne(name, fill);
      making.set(name, made);
      return made.finally(() => making.delete(name));
    },
    keepOnly: (isNeeded) => removeUnneeded(root, (digest, name) => making.has(name) || isNeeded(digest)),
  };
}
