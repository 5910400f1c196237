import { decodeChange, decodeHead, decodePosition, encodePosition, type Position } from './change.ts';
import type { Tables } from './database.ts';

/** How far history was given up. */
export interface Compaction {
  /** Older revisions are no longer answered; -1 before the first compaction, as in etcd. */
  readonly revision: bigint;
  /** Up to here, what is not needed any more has been removed. */
  readonly swept: Position;
}

const sizeOfSweep = 500;

export function readCompaction({ meta }: Tables): Compaction {
  const known = meta.get('compaction');
  if (known === undefined) return { revision: -1n, swept: { revision: 0n, sub: 0 } };
  return { revision: BigInt(known['revision'] ?? ''), swept: decodePosition(Buffer.from(known['swept'] ?? '', 'hex')) };
}

export function writeCompaction({ meta }: Tables, { revision, swept }: Compaction): void {
  void meta.put('compaction', { revision: `${revision}`, swept: encodePosition(swept).toString('hex') });
}

/**
 * Removes a part of what compaction made unreachable, so that other requests come between; call it until it returns
 * false. Each change up to the compacted revision makes the one before it unreachable, and a deletion itself too: a
 * compaction visits only the history since the last one, however many keys there are.
 *
 * The deletions of the compacted revision itself stay until the next compaction: a watch may start there.
 */
export function sweep(tables: Tables): boolean {
  const { revision, swept } = readCompaction(tables);
  const start = encodePosition(swept);
  const end = encodePosition({ revision: revision + 1n, sub: 0 });
  const found = [...tables.history.getRange({ start, end, limit: sizeOfSweep })].map(({ key, value }) =>
    decodeChange(decodePosition(key), value),
  );
  for (const { kind, kv, position, previous } of found) {
    if (previous) void tables.history.remove(encodePosition(previous));
    if (kind === 'put' || position.revision === revision) continue;
    void tables.history.remove(encodePosition(position));
    const head = tables.keys.get(kv.key);
    if (head && encodePosition(decodeHead(head).position).equals(encodePosition(position)))
      void tables.keys.remove(kv.key);
  }
  const last = found.at(-1);
  if (last === undefined || found.length < sizeOfSweep) {
    writeCompaction(tables, { revision, swept: { revision, sub: 0 } });
    return false;
  }
  writeCompaction(tables, { revision, swept: { ...last.position, sub: last.position.sub + 1 } });
  return true;
}
