/** One key of the store as last seen. */
export interface Entry {
  readonly key: string;
  readonly value: Buffer;
  readonly createRevision: bigint;
  readonly modRevision: bigint;
  /** Whether it goes when somebody does. */
  readonly isLeased: boolean;
}

/** What one revision (or one new listing after a gap) changed under a prefix. */
export interface MirrorChange {
  /** Store revision after the change. */
  readonly revision: bigint;
  readonly put: readonly Entry[];
  readonly deleted: readonly string[];
}

/**
 * A local copy of every key under one prefix, kept in step by a watch; it lists again whenever it may have missed
 * something (compaction, a store that was replaced). While the store is away, or has gone back in time, the copy stays.
 * Revisions only go up, as long as `clusterId` stays the same.
 */
export interface Mirror {
  /** Store revision of the copy. */
  readonly revision: bigint;
  /** etcd's cluster id, from its response headers; already the new one in the change that takes over another cluster. */
  readonly clusterId: bigint;
  /** Whether the watch is up; else why not. */
  readonly status: { readonly reachable: true } | { readonly reachable: false; readonly reason: string };
  get(key: string): Entry | undefined;
  /** Entries whose key starts with `prefix`, in key order. */
  list(prefix: string): readonly Entry[];
  /** Calls `listener` after each change that touches `prefix`, in revision order. Returns the function that ends it. */
  onChange(prefix: string, listener: (change: MirrorChange) => void): () => void;
  stop(): Promise<void>;
}
