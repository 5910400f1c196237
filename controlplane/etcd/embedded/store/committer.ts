import { statfs } from 'node:fs/promises';
import type { RootDatabase } from 'lmdb';
import { EtcdError, refusal } from '../errors.ts';
import type { Change } from './change.ts';
import type { Tables } from './database.ts';
import { Draft } from './draft.ts';

/** One request that was written. */
export interface Commit {
  readonly revision: bigint;
  readonly changes: readonly Change[];
}

export interface CommitterOptions {
  /** Of the data file. */
  readonly path: string;
  readonly root: RootDatabase;
  readonly tables: Tables;
  readonly revision: bigint;
  /** Called for each request that changed keys, in order of revision, once it is on disk. */
  readonly onCommit: (commit: Commit) => void;
}

interface Request {
  readonly apply: (draft: Draft) => unknown;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

type Outcome = { readonly draft: Draft; readonly result: unknown } | { readonly refused: EtcdError };

/** As many as etcd lets wait: https://github.com/etcd-io/etcd, `maxGapBetweenApplyAndCommitIndex`. */
const maxWaiting = 5_000;

/** In one transaction. The transaction is made in this thread; more would keep it from serving others. */
const maxBatch = 500;

/**
 * Writes requests one after another, and all that wait at the same time in one transaction, so that they share the
 * time it takes to reach the disk (group commit). What a request is told, and what others see, comes after that.
 */
export class Committer {
  readonly #options: CommitterOptions;
  #revision: bigint;
  #waiting: Request[] = [];
  #writing: Promise<void> | undefined;
  #closed = false;

  constructor(options: CommitterOptions) {
    this.#options = options;
    this.#revision = options.revision;
  }

  /** Of the newest change that is on disk. */
  get revision(): bigint {
    return this.#revision;
  }

  /**
   * Runs `apply` when its turn comes; it must refuse before it writes. Resolves with its result once that is on disk.
   *
   * @throws EtcdError what `apply` throws; `tooManyRequests`, `noSpace` or `stopped`, and then nothing was written
   */
  commit<T>(apply: (draft: Draft) => T): Promise<T> {
    if (this.#closed) return Promise.reject(refusal('stopped'));
    if (this.#waiting.length >= maxWaiting) return Promise.reject(refusal('tooManyRequests'));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ apply, resolve: (result) => resolve(result as T), reject });
      this.#writing ??= this.#write().finally(() => {
        this.#writing = undefined;
      });
    });
  }

  /** Takes no more, and waits for what was taken. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#writing;
  }

  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, maxBatch);
      try {
        const outcomes = await this.#options.root.childTransaction(() => this.#apply(batch));
        this.#publish(batch, outcomes);
      } catch (error) {
        const reason = await explain(error, this.#options.path);
        for (const { reject } of batch) reject(reason);
      }
    }
  }

  #apply(batch: readonly Request[]): readonly Outcome[] {
    let revision = this.#revision;
    return batch.map(({ apply }) => {
      const draft = new Draft(this.#options.tables, revision);
      try {
        const result = apply(draft);
        revision = draft.revision;
        return { draft, result };
      } catch (error) {
        // A refusal concerns one request; anything else may have left half of it: the transaction is given up.
        if (error instanceof EtcdError && draft.changes.length === 0) return { refused: error };
        throw error;
      }
    });
  }

  #publish(batch: readonly Request[], outcomes: readonly Outcome[]): void {
    for (const [index, { resolve, reject }] of batch.entries()) {
      const outcome = outcomes[index];
      if (outcome === undefined) continue;
      if ('refused' in outcome) {
        reject(outcome.refused);
        continue;
      }
      const { revision, changes } = outcome.draft;
      this.#revision = revision;
      if (changes.length > 0) this.#options.onCommit({ revision, changes });
      resolve(outcome.result);
    }
  }
}

/** ENOSPC, EDQUOT, and EFBIG, which is how a limit on the size of files shows. */
const fullDisk = new Set([28, 122, 27]);

/** What LMDB makes of a write that the disk took in part: it may be full, or broken. */
const inputOutputError = 5;

/** With less free space than this, a disk that took a write in part counts as full. */
const littleSpaceBytes = 16 * 1024 * 1024;

/** lmdb-js rejects with an error that holds a promise, which rejects with what happened. */
async function explain(error: unknown, path: string): Promise<unknown> {
  let cause = error;
  if (error instanceof Error && 'commitError' in error) {
    try {
      await error.commitError;
    } catch (commitError) {
      cause = commitError;
    }
  }
  const code = cause instanceof Error && 'code' in cause ? Number(cause.code) : 0;
  const isFull = fullDisk.has(code) || (code === inputOutputError && (await freeBytes(path)) < littleSpaceBytes);
  return isFull ? refusal('noSpace', { cause }) : cause;
}

async function freeBytes(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path);
  return bavail * bsize;
}
