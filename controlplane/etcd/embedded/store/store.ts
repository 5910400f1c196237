import type { Logger } from 'pino';
import { refusal } from '../errors.ts';
import { type Commit, Committer } from './committer.ts';
import { readCompaction, sweep, writeCompaction } from './compaction.ts';
import { decodePosition } from './change.ts';
import { type Identity, openDatabase, type StoreDatabase } from './database.ts';
import type { Draft } from './draft.ts';
import { allLeases, keysOfLease } from './lease-table.ts';
import { View } from './view.ts';

export interface StoreOptions {
  /** Made if it is not there. The caller makes sure that no other process uses it. */
  readonly folder: string;
  readonly log: Logger;
}

/**
 * Opens the store of keys, their history and their leases.
 *
 * @throws ControlPlaneError `failed` when the data file is damaged
 */
export async function openStore({ folder, log }: StoreOptions): Promise<Store> {
  return new Store(await openDatabase(folder), log);
}

export class Store {
  readonly identity: Identity;
  readonly #database: StoreDatabase;
  readonly #log: Logger;
  readonly #committer: Committer;
  readonly #listeners = new Set<(commit: Commit) => void>();
  #compacted: bigint;
  #sweeping: Promise<void> = Promise.resolve();

  constructor(database: StoreDatabase, log: Logger) {
    const { path, root, tables, identity } = database;
    this.identity = identity;
    this.#database = database;
    this.#log = log;
    this.#compacted = readCompaction(tables).revision;
    this.#committer = new Committer({
      path,
      root,
      tables,
      revision: lastRevision(database),
      onCommit: (commit) => {
        for (const listener of this.#listeners) listener(commit);
      },
    });
    // A compaction that a crash cut short goes on.
    if (this.#compacted >= 0n) this.#sweeping = this.#sweep();
  }

  get path(): string {
    return this.#database.path;
  }

  /** Of the data file, up to its last page that was ever used. */
  get bytesInUse(): bigint {
    // lmdb-js declares it as {}.
    const { lastPageNumber, pageSize } = this.#database.root.getStats() as { lastPageNumber: number; pageSize: number };
    return BigInt((lastPageNumber + 1) * pageSize);
  }

  /** Of the newest change; everything up to it is on disk. An empty store is at 1, as in etcd. */
  get revision(): bigint {
    return this.#committer.revision;
  }

  /** Older revisions are no longer answered. */
  get compactedRevision(): bigint {
    return this.#compacted;
  }

  /**
   * The keys at a revision; 0, or less, is the newest.
   *
   * @throws EtcdError `compacted`, `futureRevision`
   */
  view(revision = 0n): View {
    if (revision > this.revision) throw refusal('futureRevision');
    if (revision > 0n && revision < this.#compacted) throw refusal('compacted');
    return new View(this.#database.tables, revision > 0n ? revision : this.revision);
  }

  /** See `Committer.commit`. */
  commit<T>(apply: (draft: Draft) => T): Promise<T> {
    return this.#committer.commit(apply);
  }

  /** Calls `listener` for each request that changed keys, once it is on disk. Returns the function that ends it. */
  onCommit(listener: (commit: Commit) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Gives up the history before a revision. Resolves when that is on disk; the space is freed in the background, and
   * `swept` resolves when that is done.
   *
   * @throws EtcdError `compacted`, `futureRevision`
   */
  async compact(revision: bigint): Promise<{ readonly swept: Promise<void> }> {
    await this.commit(({ tables, base }) => {
      const { revision: compacted, swept } = readCompaction(tables);
      if (revision <= compacted) throw refusal('compacted');
      if (revision > base) throw refusal('futureRevision');
      writeCompaction(tables, { revision, swept });
    });
    this.#compacted = revision;
    this.#sweeping = this.#sweeping.then(() => this.#sweep());
    return { swept: this.#sweeping };
  }

  leases(): ReturnType<typeof allLeases> {
    return allLeases(this.#database.tables);
  }

  keysOfLease(id: bigint): readonly Buffer[] {
    return keysOfLease(this.#database.tables, id);
  }

  /** Writes a consistent copy to a file that is not there yet, in a thread of its own. */
  copyTo(path: string): Promise<void> {
    return this.#database.root.backup(path, true);
  }

  async close(): Promise<void> {
    await this.#committer.close();
    await this.#sweeping;
    await this.#database.root.close();
  }

  async #sweep(): Promise<void> {
    try {
      while (await this.commit(({ tables }) => sweep(tables)));
    } catch (error) {
      // What is left is removed after the next compaction or start.
      this.#log.warn({ err: error, revision: this.#compacted }, 'could not free the space of compacted history yet');
    }
  }
}

/** The newest change is never removed by compaction, so history itself has it. */
function lastRevision({ tables }: StoreDatabase): bigint {
  for (const key of tables.history.getKeys({ reverse: true, limit: 1 })) return decodePosition(key).revision;
  return 1n;
}
