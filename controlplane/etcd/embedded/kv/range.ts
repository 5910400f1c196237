import type { KeyValue } from '../../gen/kv.ts';
import { type RangeRequest, RangeRequest_SortOrder, RangeRequest_SortTarget } from '../../gen/rpc.ts';
import { toKeyRange } from '../store/key-range.ts';
import type { View } from '../store/view.ts';

export interface RangeAnswer {
  readonly kvs: readonly KeyValue[];
  readonly more: boolean;
  readonly count: bigint;
}

/**
 * Answers a Range from the keys of one revision, with etcd's rules: `count` is that of the whole range, whatever the
 * limit and the filters leave; the filters come before the limit, and with `more` the limit cut something off.
 * https://etcd.io/docs/v3.6/learning/api/#range
 */
export function answerRange(view: View, request: RangeRequest): RangeAnswer {
  const range = toKeyRange(request.key, request.rangeEnd);
  const limit = request.limit > 0n ? Number(request.limit) : Number.POSITIVE_INFINITY;
  const filters = filtersOf(request);
  const isSorted = request.sortOrder !== RangeRequest_SortOrder.None;
  // Without sort order etcd cuts off first and then sorts what is left, if another target than the key is asked for.
  const readLimit = isSorted || filters.length > 0 ? Number.POSITIVE_INFINITY : limit + 1;

  let count = 0;
  let kvs: KeyValue[] = [];
  for (const position of view.positions(range)) {
    count += 1;
    if (request.countOnly || kvs.length >= readLimit) continue;
    const kv = view.read(position)?.kv;
    if (kv && filters.every((accepts) => accepts(kv))) kvs.push(kv);
  }
  if (isSorted || request.sortTarget !== RangeRequest_SortTarget.Key) kvs.sort(orderOf(request));
  const more = kvs.length > limit;
  if (more) kvs = kvs.slice(0, limit);
  if (request.keysOnly) kvs = kvs.map((kv) => ({ ...kv, value: Buffer.alloc(0) }));
  return { kvs, more, count: BigInt(count) };
}

function filtersOf(request: RangeRequest): readonly ((kv: KeyValue) => boolean)[] {
  const { minModRevision, maxModRevision, minCreateRevision, maxCreateRevision } = request;
  const filters: ((kv: KeyValue) => boolean)[] = [];
  if (minModRevision !== 0n) filters.push(({ modRevision }) => modRevision >= minModRevision);
  if (maxModRevision !== 0n) filters.push(({ modRevision }) => modRevision <= maxModRevision);
  if (minCreateRevision !== 0n) filters.push(({ createRevision }) => createRevision >= minCreateRevision);
  if (maxCreateRevision !== 0n) filters.push(({ createRevision }) => createRevision <= maxCreateRevision);
  return filters;
}

function orderOf({ sortOrder, sortTarget }: RangeRequest): (a: KeyValue, b: KeyValue) => number {
  const compare = comparators[sortTarget] ?? comparators[RangeRequest_SortTarget.Key];
  return sortOrder === RangeRequest_SortOrder.Descend ? (a, b) => compare(b, a) : compare;
}

const comparators = {
  [RangeRequest_SortTarget.Key]: (a: KeyValue, b: KeyValue) => Buffer.compare(a.key, b.key),
  [RangeRequest_SortTarget.Version]: (a: KeyValue, b: KeyValue) => Number(a.version - b.version),
  [RangeRequest_SortTarget.Create]: (a: KeyValue, b: KeyValue) => Number(a.createRevision - b.createRevision),
  [RangeRequest_SortTarget.Mod]: (a: KeyValue, b: KeyValue) => Number(a.modRevision - b.modRevision),
  [RangeRequest_SortTarget.Value]: (a: KeyValue, b: KeyValue) => Buffer.compare(a.value, b.value),
  [RangeRequest_SortTarget.UNRECOGNIZED]: () => 0,
};
