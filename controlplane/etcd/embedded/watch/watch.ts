import { Event_EventType, type Event } from '../../gen/kv.ts';
import { type WatchCreateRequest, WatchCreateRequest_FilterType } from '../../gen/rpc.ts';
import type { Change } from '../store/change.ts';
import { contains, type KeyRange, toKeyRange } from '../store/key-range.ts';
import type { View } from '../store/view.ts';

/** What one watch wants to see. */
export interface Watch {
  readonly id: bigint;
  readonly range: KeyRange;
  readonly kinds: ReadonlySet<Change['kind']>;
  readonly prevKv: boolean;
  readonly fragment: boolean;
  readonly progressNotify: boolean;
}

/** Makes a watch of a request, or undefined when its range can have no key. */
export function toWatch(id: bigint, request: WatchCreateRequest): Watch | undefined {
  const { key, rangeEnd, filters, prevKv, fragment, progressNotify } = request;
  // Without a key, from the first one on.
  const range = toKeyRange(key.length === 0 ? Buffer.of(0) : key, rangeEnd);
  if (range.end !== undefined && Buffer.compare(range.start, range.end) >= 0) return undefined;
  const kinds = new Set<Change['kind']>();
  if (!filters.includes(WatchCreateRequest_FilterType.Noput)) kinds.add('put');
  if (!filters.includes(WatchCreateRequest_FilterType.Nodelete)) kinds.add('delete');
  return { id, range, kinds, prevKv, fragment, progressNotify };
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
