import { randomUUID } from 'node:crypto';
import { existsSync, renameSync } from 'node:fs';
import { chmod, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ControlPlaneError } from '../errors.ts';

/** Folders that are named by what is in them, each there whole or not at all. */
export interface ContentFolders {
  /** The folder of a digest ("sha256:…"); `undefined` when there is none. */
  find(digest: string): string | undefined;
  /**
   * Lets `fill` fill a new folder, and puts it in place under the digest that `fill` gives back; one that is there already
   * stays. When `fill` fails nothing is left.
   */
  add(fill: (folder: string) => Promise<string>): Promise<{ readonly digest: string; readonly folder: string }>;
  /** Removes those of which nobody needs the digest. */
  keepOnly(isNeeded: (digest: string) => boolean): Promise<void>;
}

const partial = '.partial-';
const digestPattern = /^sha256:[0-9a-f]{64}$/;

/** A folder under `root` for what is not finished: a process that is killed leaves it to `removePartial` of the next. */
export function partialFolder(root: string): string {
  return join(root, `${partial}${randomUUID()}`);
}

/** Removes what a process that was killed left half done under `root`. */
export async function removePartial(root: string): Promise<void> {
  const leftovers = (await readdir(root)).filter((name) => name.startsWith(partial));
  await Promise.all(leftovers.map((name) => removeTree(join(root, name))));
}

/** A digest, and what else tells the content from that of others that have it. */
const namePattern = /^([0-9a-f]{64})(-[0-9a-z]+)?$/;

/**
 * Removes the folders under `root` that are named by a digest of which nobody has need. Each is gone from its place in the
 * same moment as that is asked, so that whoever looks for it then finds it whole or not at all.
 */
export async function removeUnneeded(root: string, isNeeded: (digest: string, name: string) => boolean): Promise<void> {
  for (const name of await readdir(root)) {
    const [, hash] = namePattern.exec(name) ?? [];
    const doomed = partialFolder(root);
    if (hash === undefined || isNeeded(`sha256:${hash}`, name) || !movedAway(join(root, name), doomed)) continue;
    await removeTree(doomed);
  }
}

/** False when there is nothing there any more. */
function movedAway(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** Opens the folders under `root`, and removes those that were never finished: they are of a process that was killed. */
export async function openContentFolders(root: string): Promise<ContentFolders> {
  await mkdir(root, { recursive: true });
  await removePartial(root);

  const folderOf = (digest: string): string => join(root, digest.replace(/^sha256:/, ''));
  return {
    find(digest) {
      // What callers send may be a path.
      const folder = folderOf(digest);
      return digestPattern.test(digest) && existsSync(folder) ? folder : undefined;
    },
    async add(fill) {
      const temporary = partialFolder(root);
      await mkdir(temporary);
      try {
        const digest = await fill(temporary);
        const folder = folderOf(digest);
        await rename(temporary, folder).catch((error: NodeJS.ErrnoException) => {
          if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
        });
        await syncFolder(root);
        return { digest, folder };
      } finally {
        await removeTree(temporary);
      }
    },
    keepOnly: (isNeeded) => removeUnneeded(root, isNeeded),
  };
}

/** Says what could not be done when the file system refused something; anything else stays as it is. */
export function describeDiskError(what: string, error: unknown): unknown {
  if (!(error instanceof Error) || !('syscall' in error)) return error;
  return new ControlPlaneError('failed', `${what}: ${error.message}`, { cause: error });
}

/** Writes a folder's list of names to disk. */
export async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, 'r');
  await handle.sync();
}

/** Removes a folder with all it holds, read-only folders too; does nothing when there is none. */
export async function removeTree(folder: string): Promise<void> {
  try {
    await rm(folder, { recursive: true, force: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EACCES') throw error;
    await makeWritable(folder);
    await rm(folder, { recursive: true, force: true });
  }
}

async function makeWritable(folder: string): Promise<void> {
  await chmod(folder, 0o700);
  for (const child of await readdir(folder, { withFileTypes: true })) {
    if (child.isDirectory()) await makeWritable(join(folder, child.name));
  }
}
