import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Database, open, type RootDatabase } from 'lmdb';
import { ControlPlaneError } from '../../../errors.ts';
import { findDamage } from './file-check.ts';

/** The tables of the store. One transaction may write to all of them. */
export interface Tables {
  /** position → change: all since the last compaction, and of those before it the newest of each key. */
  readonly history: Database<Buffer, Buffer>;
  /** key → head. */
  readonly keys: Database<Buffer, Buffer>;
  /** lease id → seconds granted. */
  readonly leases: Database<Buffer, Buffer>;
  /** lease id, key → nothing: the keys that go with a lease. */
  readonly leaseKeys: Database<Buffer, Buffer>;
  /** `identity` and `compaction`. */
  readonly meta: Database<Readonly<Record<string, string>>, string>;
}

/** Who answers: what etcd puts into every response header. */
export interface Identity {
  readonly clusterId: bigint;
  readonly memberId: bigint;
  /** Goes up with each start, as a single etcd's does by its election. */
  readonly raftTerm: bigint;
}

export interface StoreDatabase {
  readonly path: string;
  readonly root: RootDatabase;
  readonly tables: Tables;
  readonly identity: Identity;
}

/** Of the layout of the tables. */
const format = '1';

/**
 * Opens the data file in the folder, or makes both.
 *
 * A transaction is on disk when its promise resolves because `overlappingSync` is off: LMDB then writes the pages,
 * calls fdatasync and writes the meta page through a descriptor opened with O_DSYNC before it reports the commit, in a
 * thread of its own (mdb_txn_commit in lmdb-js's mdb.c, WriteWorker::Write in its writer.cpp).
 *
 * @throws ControlPlaneError `failed` when the file is damaged or of another format; it is left as it is
 */
export async function openDatabase(folder: string): Promise<StoreDatabase> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, 'data.mdb');
  const damage = findDamage(path);
  if (damage !== undefined) throw damaged(path, damage);
  let root: RootDatabase | undefined;
  try {
    // With event turn batching a commit that fails also rejects a promise of lmdb-js's own, which ends the process.
    root = open({ path, maxDbs: 8, overlappingSync: false, eventTurnBatching: false });
    const tables = openTables(root);
    return { path, root, tables, identity: await identify(root, tables.meta) };
  } catch (error) {
    await root?.close();
    if (error instanceof ControlPlaneError) throw error;
    throw damaged(path, error instanceof Error ? error.message : String(error), error);
  }
}

function openTables(root: RootDatabase): Tables {
  const binary = { keyEncoding: 'binary', encoding: 'binary' } as const;
  return {
    history: root.openDB('history', binary),
    keys: root.openDB('keys', binary),
    leases: root.openDB('leases', binary),
    leaseKeys: root.openDB('lease-keys', binary),
    meta: root.openDB('meta', { encoding: 'json' }),
  };
}

/** Takes over who this store is, or decides it when the store is new. */
async function identify(root: RootDatabase, meta: Tables['meta']): Promise<Identity> {
  const known = meta.get('identity');
  if (known !== undefined && known['format'] !== format) {
    throw new ControlPlaneError(
      'failed',
      `the store is of format ${known['format']}, and this version reads format ${format}: start the version that wrote it`,
    );
  }
  const identity: Identity = {
    clusterId: known ? BigInt(known['clusterId'] ?? '') : randomBytes(8).readBigUInt64BE(),
    memberId: known ? BigInt(known['memberId'] ?? '') : randomBytes(8).readBigUInt64BE(),
    raftTerm: known ? BigInt(known['raftTerm'] ?? '') + 1n : 2n,
  };
  const { clusterId, memberId, raftTerm } = identity;
  await root.transaction(() =>
    meta.put('identity', { format, clusterId: `${clusterId}`, memberId: `${memberId}`, raftTerm: `${raftTerm}` }),
  );
  return identity;
}

function damaged(path: string, reason: string, cause?: unknown): ControlPlaneError {
  return new ControlPlaneError(
    'failed',
    `the data file ${path} is damaged (${reason}): it was left as it is; ` +
      'move it away and restore a backup, or start with an empty data folder',
    { cause },
  );
}
