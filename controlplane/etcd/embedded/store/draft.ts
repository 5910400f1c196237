import { type Change, decodeHead, encodeChange, encodeHead, encodePosition } from './change.ts';
import type { Tables } from './database.ts';
import type { KeyRange } from './key-range.ts';
import { encodeLease, keysOfLease, leaseKey } from './lease-table.ts';
import { View } from './view.ts';

const none = Buffer.alloc(0);

/**
 * What one request writes: all its changes are of one new revision, in the order they are made. It may only be used
 * inside a transaction, and reads see what it has written.
 */
export class Draft {
  readonly tables: Tables;
  /** Before the request. */
  readonly base: bigint;
  readonly #changes: Change[] = [];

  constructor(tables: Tables, base: bigint) {
    this.tables = tables;
    this.base = base;
  }

  get changes(): readonly Change[] {
    return this.#changes;
  }

  /** Of the store with what was written so far. */
  get revision(): bigint {
    return this.#changes.length === 0 ? this.base : this.base + 1n;
  }

  /** The keys as the request sees them now. */
  get view(): View {
    return new View(this.tables, this.revision);
  }

  put(key: Buffer, value: Buffer, lease: bigint): void {
    const existing = this.view.get(key);
    this.#moveLease(key, existing?.lease ?? 0n, lease);
    const revision = this.base + 1n;
    this.#append('put', {
      key,
      value,
      lease,
      createRevision: existing?.createRevision ?? revision,
      modRevision: revision,
      version: (existing?.version ?? 0n) + 1n,
    });
  }

  /** Returns how many keys were deleted. */
  deleteRange(range: KeyRange): number {
    const found = [...this.view.scan(range)];
    for (const { key, lease } of found) this.#delete(key, lease);
    return found.length;
  }

  /** Deletes the lease, and the keys that go with it. */
  revokeLease(id: bigint): void {
    for (const key of keysOfLease(this.tables, id)) this.#delete(key, id);
    void this.tables.leases.remove(encodeLease(id));
  }

  #delete(key: Buffer, lease: bigint): void {
    this.#moveLease(key, lease, 0n);
    this.#append('delete', {
      key,
      value: none,
      lease: 0n,
      createRevision: 0n,
      modRevision: this.base + 1n,
      version: 0n,
    });
  }

  #moveLease(key: Buffer, from: bigint, to: bigint): void {
    if (from === to) return;
    if (from !== 0n) void this.tables.leaseKeys.remove(leaseKey(from, key));
    if (to !== 0n) void this.tables.leaseKeys.put(leaseKey(to, key), none);
  }

  #append(kind: Change['kind'], kv: Change['kv']): void {
    const head = this.tables.keys.get(kv.key);
    const change: Change = {
      kind,
      kv,
      position: { revision: this.base + 1n, sub: this.#changes.length },
      previous: head && decodeHead(head).position,
    };
    void this.tables.history.put(encodePosition(change.position), encodeChange(change));
    void this.tables.keys.put(kv.key, encodeHead(change));
    this.#changes.push(change);
  }
}
