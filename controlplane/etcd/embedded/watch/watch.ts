import { Event_EventType, type Event } from '../../gen/kv.ts';
import { type WatchCreateRequest, WatchCreateRequest_FilterType } from '../../gen/rpc.ts';
import type { Change } from '../store/change.ts';
import { contains, type KeyRange, toKeyRange } from '../store/key-range.ts';
import type { View } from '../store/view.ts';

/** What one watch of a stream wants to see. */
export interface Watch extends Wish {
  readonly id: bigint;
}

export interface Wish {
  readonly range: KeyRange;
  readonly kinds: ReadonlySet<Change['kind']>;
  readonly prevKv: boolean;
  readonly fragment: boolean;
  readonly progressNotify: boolean;
}

/** Undefined when the range can have no key. */
export function toWish(request: WatchCreateRequest): Wish | undefined {
  const { key, rangeEnd, filters, prevKv, fragment, progressNotify } = request;
  // Without a key, from the first one on.
  const range = toKeyRange(key.length === 0 ? Buffer.of(0) : key, rangeEnd);
  if (range.end !== undefined && Buffer.compare(range.start, range.end) >= 0) return undefined;
  const kinds = new Set<Change['kind']>();
  if (!filters.includes(WatchCreateRequest_FilterType.Noput)) kinds.add('put');
  if (!filters.includes(WatchCreateRequest_FilterType.Nodelete)) kinds.add('delete');
  return { range, kinds, prevKv, fragment, progressNotify };
}

export function wants({ range, kinds }: Watch, { kind, kv }: Change): boolean {
  return kinds.has(kind) && contains(range, kv.key);
}

export function toEvent({ prevKv }: Watch, view: View, change: Change): Event {
  return {
    type: change.kind === 'put' ? Event_EventType.Put : Event_EventType.Delete,
    kv: change.kv,
    prevKv: prevKv ? view.before(change) : undefined,
  };
}
