import type { KeyValue } from '../../gen/kv.ts';
import { type Compare, Compare_CompareResult, Compare_CompareTarget } from '../../gen/rpc.ts';
import { toKeyRange } from '../store/key-range.ts';
import type { View } from '../store/view.ts';

/** What is compared where there is no key. */
const absent: Omit<KeyValue, 'key' | 'value'> = { createRevision: 0n, modRevision: 0n, version: 0n, lease: 0n };

/**
 * Whether a condition of a Txn holds: for every key of its range, or, where there is none, for zeros; a value that is
 * not there compares to nothing. https://etcd.io/docs/v3.6/learning/api/#transaction
 */
export function holds(view: View, compare: Compare): boolean {
  let isEmpty = true;
  for (const kv of view.scan(toKeyRange(compare.key, compare.rangeEnd))) {
    isEmpty = false;
    if (
      !accepts(
        compare.result,
        compare.target === Compare_CompareTarget.Value ? orderOfValue(kv, compare) : order(kv, compare),
      )
    )
      return false;
  }
  if (!isEmpty) return true;
  return compare.target !== Compare_CompareTarget.Value && accepts(compare.result, order(absent, compare));
}

function orderOfValue({ value }: KeyValue, { targetUnion }: Compare): number {
  return Buffer.compare(value, targetUnion?.$case === 'value' ? targetUnion.value : Buffer.alloc(0));
}

/** A number to compare with that is missing, or of another kind than the target, is 0. */
function order(kv: typeof absent, { target, targetUnion }: Compare): number {
  const wanted = (kind: string): bigint =>
    targetUnion?.$case === kind && typeof targetUnion.value === 'bigint' ? targetUnion.value : 0n;
  switch (target) {
    case Compare_CompareTarget.Version:
      return Number(kv.version - wanted('version'));
    case Compare_CompareTarget.Create:
      return Number(kv.createRevision - wanted('createRevision'));
    case Compare_CompareTarget.Mod:
      return Number(kv.modRevision - wanted('modRevision'));
    case Compare_CompareTarget.Lease:
      return Number(kv.lease - wanted('lease'));
    default:
      return 0;
  }
}

function accepts(result: Compare_CompareResult, order: number): boolean {
  switch (result) {
    case Compare_CompareResult.Equal:
      return order === 0;
    case Compare_CompareResult.NotEqual:
      return order !== 0;
    case Compare_CompareResult.Greater:
      return order > 0;
    case Compare_CompareResult.Less:
      return order < 0;
    default:
      return true;
  }
}
