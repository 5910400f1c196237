import { type FSWatcher, lstatSync, watch } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type IgnoreRules, readIgnoreRules } from '../../controlplane/runtime/bundle/ignore-rules.ts';
import { isDataFolder } from '../../controlplane/runtime/bundle/list.ts';
import { deferred } from '../../controlplane/runtime/instance/deferred.ts';
import { OperationError } from '../errors.ts';

/** Tells of changes to what the bundle of a folder is made of; what is ignored there is ignored here. */
export interface FolderWatch extends Disposable {
  /**
   * Resolves when something has changed since it resolved last, or since the watch began. What the folder holds by then
   * may be read: what changes while that is done is told next time.
   *
   * @throws OperationError when the folder cannot be watched any more
   */
  changed(): Promise<void>;
}

/** How long after the first change others are taken to belong to it: an editor saves several files, git writes many. */
const settleMs = 100;

/**
 * Begins to watch a folder and the folders in it.
 *
 * Each is watched before it is read, so that what comes into a new folder is never missed. chokidar (5) reads first and
 * watches then; @parcel/watcher (2.6) does not look into a folder that comes with others inside (`mkdir -p`).
 *
 * @param root absolute, without symbolic links
 * @throws OperationError when it cannot be watched
 */
export async function watchFolder(root: string): Promise<FolderWatch> {
  let change = deferred();
  let watchers: readonly FSWatcher[] = [];

  /** Watches all there is now. Those of before are closed after that: a folder may have made way for one of the same name. */
  const renew = async (): Promise<void> => {
    const before = watchers;
    const renewed: FSWatcher[] = [];
    watchers = renewed;
    try {
      await watchAll(root, await readIgnoreRules(root, 'all'), renewed, () => change.resolve());
    } finally {
      for (const watcher of before) watcher.close();
    }
  };

  await renew();
  return {
    async changed() {
      await change.promise;
      await delay(settleMs);
      change = deferred();
      await renew();
    },
    [Symbol.dispose]() {
      for (const watcher of watchers) watcher.close();
    },
  };
}

async function watchAll(folder: string, rules: IgnoreRules, into: FSWatcher[], onChange: () => void): Promise<void> {
  const watcher = watchOne(folder, (name) => {
    if (name === null || !rules.ignores(name, mayBeFolder(join(folder, name)))) onChange();
  });
  // It is gone already, which the watcher of the folder around it tells.
  if (watcher === undefined) return;
  into.push(watcher.on('error', onChange));
  // What cannot be read is no part of any bundle either: the next one tells why.
  const children = await readdir(folder, { withFileTypes: true }).catch(() => []);
  for (const child of children) {
    if (!child.isDirectory() || rules.ignores(child.name, true)) continue;
    const inner = join(folder, child.name);
    if (!(await holdsData(inner))) await watchAll(inner, await rules.inside(child.name), into, onChange);
  }
}

function watchOne(folder: string, onEvent: (name: string | null) => void): FSWatcher | undefined {
  try {
    return watch(folder, (_type, name) => onEvent(name));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'EACCES') return undefined;
    const next =
      code === 'ENOSPC'
        ? 'it has more folders than the system lets a user watch; name in a .microignore what the service does not need, or raise fs.inotify.max_user_watches'
        : message;
    throw new OperationError(`${folder} cannot be watched: ${next}`, { cause: error });
  }
}

/** Of what is gone nobody knows whether it was a folder. */
function mayBeFolder(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? true;
}

/** Whether a folder is the data folder of a server, which writes there all the time. */
async function holdsData(folder: string): Promise<boolean> {
  return isDataFolder(await readdir(folder, { withFileTypes: true }).catch(() => []));
}
