import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import type { Logger } from 'pino';
import { recordPath } from '../cluster/membership/record.ts';
import { openDataFolder } from '../data-folder/data-folder.ts';
import { ControlPlaneError } from '../errors.ts';
import { connectEtcd } from '../etcd/client/connect.ts';
import { startEmbeddedEtcd } from '../etcd/embedded/embedded-etcd.ts';
import { embeddedFolder, embeddedSocket } from '../store.ts';
import { readSnapshot, type SnapshotEntry } from './snapshot-file.ts';

export interface RestoreOptions {
  /** Path of the snapshot file. */
  readonly file: string;
  readonly dataDir: string;
  /** Whether state that is there already is put aside. */
  readonly replace: boolean;
  readonly log: Logger;
}

export interface Restored {
  readonly keys: number;
  readonly savedAt: Date;
  /** Where the state is that was there before. */
  readonly keptAside: string | undefined;
}

/** Writes that are under way at once. */
const mostAtOnce = 128;

/**
 * Makes the state of a snapshot that of a server that does not run: of one that keeps it itself, or that will carry it
 * into a cluster. The state is made beside what is there, and takes its place when it is whole.
 *
 * @throws ControlPlaneError `invalid` for a file that is no whole snapshot; `conflict` when a server uses the data folder, it is
 * that of a node of a cluster, or there is state in it and `replace` is not set. Nothing is changed then
 */
export async function restoreSnapshot({ file, dataDir, replace, log }: RestoreOptions): Promise<Restored> {
  const { head, entries } = await readSnapshot(file);
  const folder = await openDataFolder({ path: dataDir });
  try {
    if (existsSync(recordPath(dataDir))) {
      throw new ControlPlaneError(
        'conflict',
        `${dataDir} is that of a node of a cluster, which keeps its state itself: restore into another --data-dir`,
      );
    }
    const place = join(dataDir, embeddedFolder);
    const begun = join(dataDir, `${embeddedFolder}.restoring`);
    await rm(begun, { recursive: true, force: true });
    await write({ folder: begun, socketPath: join(dataDir, embeddedSocket), log }, entries);
    const keptAside = await putAside(place, replace);
    await rename(begun, place);
    return { keys: entries.length, savedAt: head.savedAt, keptAside };
  } finally {
    await folder.release();
  }
}

async function write(
  { folder, socketPath, log }: { readonly folder: string; readonly socketPath: string; readonly log: Logger },
  entries: readonly SnapshotEntry[],
): Promise<void> {
  const etcd = await startEmbeddedEtcd({ folder, socketPath, log });
  const client = connectEtcd({ hosts: [`unix:${socketPath}`] });
  try {
    // Those that are under way at once share a write to the disk.
    const limit = pLimit(mostAtOnce);
    await limit.map(entries, async ({ key, value }) => client.put(key).value(value));
  } finally {
    client.close();
    await etcd.stop();
  }
}

/** @returns where the state is now that was there; undefined when there was none */
async function putAside(place: string, replace: boolean): Promise<string | undefined> {
  if (!existsSync(place)) return undefined;
  if (!replace) {
    throw new ControlPlaneError(
      'conflict',
      `${place} holds state already: put it aside with --replace, or restore into another --data-dir`,
    );
  }
  const aside = `${place}.before-${new Date().toISOString().replaceAll(/[:.]/g, '-')}`;
  await rename(place, aside);
  return aside;
}
