import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tryLock } from 'fs-native-extensions';
import { ControlPlaneError } from '../errors.ts';

export interface FolderLock {
  release(): Promise<void>;
}

/**
 * Takes the lock of a folder: a lock of the kernel on the file `lock` (`F_OFD_SETLK`, fcntl(2)), so it goes when the
 * process ends, however it ends, and holds between containers that share a volume.
 *
 * @throws ControlPlaneError `conflict` when another process has it
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const path = join(folder, 'lock');
  const file = await open(path, 'a+', 0o600);
  if (!tryLock(file.fd)) {
    await file.close();
    const holder = (await readFile(path, 'utf8')).trim();
    const who = holder === '' ? 'another process' : `process ${holder}`;
    throw new ControlPlaneError(
      'conflict',
      `the data folder ${folder} is in use by ${who}: stop it, or name another folder with --data-dir`,
    );
  }
  // For the message above; the lock itself does not depend on what the file says.
  await file.truncate();
  await file.write(`${process.pid}\n`);
  return { release: () => file.close() };
}
