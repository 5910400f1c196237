import { isUtf8 } from 'node:buffer';
import type { IKeyValue } from 'etcd3';
import type { Entry } from './mirror.types.ts';

/** Undefined for a key that is not text: nothing of ours writes one, and two of them could look the same as text. */
export function toEntry(pair: IKeyValue): Entry | undefined {
  const key = toKey(pair.key);
  if (key === undefined) return undefined;
  return {
    key,
    value: pair.value,
    createRevision: BigInt(pair.create_revision),
    modRevision: BigInt(pair.mod_revision),
    isLeased: pair.lease !== '0',
  };
}

/** Undefined for a key that is not text. */
export function toKey(bytes: Buffer): string | undefined {
  return isUtf8(bytes) ? bytes.toString() : undefined;
}
