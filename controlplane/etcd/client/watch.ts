import { type Etcd3, type IEvent, type IWatchResponse, Range } from 'etcd3';
import { toEntry, toKey } from './entry.ts';
import type { Entry, MirrorChange } from './mirror.types.ts';
import { reasonOf } from './store-policy.ts';

export interface WatchOptions {
  readonly client: Etcd3;
  readonly prefix: string;
  /** First revision wanted. */
  readonly from: bigint;
  /** How long the store may take to confirm the watch, in milliseconds. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly onConfirmed: () => void;
  /** Called once for each revision that touches the prefix, in order, with everything it did there. */
  readonly onChange: (change: MirrorChange) => void;
}

/** Why a watch is over. What it delivered before is complete up to the last revision delivered. */
export type WatchEnd =
  | { readonly kind: 'compacted'; readonly revision: bigint }
  | { readonly kind: 'dropped'; readonly reason: string };

/**
 * Watches a prefix on one stream until the stream ends, however it ends; never throws.
 * https://etcd.io/docs/v3.6/learning/api/#watch-api
 *
 * `etcd3`'s own watcher is not used: on each reconnection it skips to the revision of the header, so that it loses what
 * it had yet to receive if the connection drops again, and it takes a compacted revision for a live watch.
 */
export async function watchPrefix(options: WatchOptions): Promise<WatchEnd> {
  const { client, prefix, from, timeoutMs, signal } = options;
  let stream: Awaited<ReturnType<typeof client.watchClient.watch>>;
  try {
    stream = await client.watchClient.watch();
  } catch (error) {
    return { kind: 'dropped', reason: error instanceof Error ? reasonOf(error) : String(error) };
  }
  return new Promise((resolve) => {
    const revisions = collectRevisions(options.onChange);
    let finished = false;
    const finish = (end: WatchEnd): void => {
      if (finished) return;
      finished = true;
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      stream.end();
      stream.cancel();
      resolve(end);
    };
    const drop = (reason: string): void => finish({ kind: 'dropped', reason });
    const stop = (): void => drop('stopped');
    const timer = setTimeout(() => drop(`the watch was not confirmed within ${timeoutMs / 1_000} s`), timeoutMs);
    const receive = (response: IWatchResponse): void => {
      if (finished) return;
      if (response.canceled) {
        const revision = BigInt(response.compact_revision);
        if (revision > 0n) finish({ kind: 'compacted', revision });
        else drop(`the store canceled the watch: ${response.cancel_reason}`);
        return;
      }
      if (response.created) {
        clearTimeout(timer);
        options.onConfirmed();
      }
      revisions.add(response);
    };
    signal.addEventListener('abort', stop);
    stream.on('data', receive);
    stream.on('error', (error) => drop(reasonOf(error)));
    stream.on('end', () => drop('the store ended the watch'));
    const { start, end } = Range.prefix(prefix);
    // Fragments keep each response under etcd's request limit, whatever a replay has to carry.
    stream.write({
      create_request: { key: start, range_end: end, start_revision: from.toString(), fragment: true },
    });
    if (signal.aborted) stop();
  });
}

/** Puts the events of each revision together: a response may carry many revisions, or a fragment of one. */
function collectRevisions(onChange: (change: MirrorChange) => void): { add(response: IWatchResponse): void } {
  let revision = 0n;
  let put = new Map<string, Entry>();
  let deleted = new Set<string>();
  const flush = (): void => {
    if (put.size === 0 && deleted.size === 0) return;
    const change = { revision, put: [...put.values()], deleted: [...deleted] };
    put = new Map();
    deleted = new Set();
    onChange(change);
  };
  const take = ({ type, kv }: IEvent): void => {
    const eventRevision = BigInt(kv.mod_revision);
    if (eventRevision !== revision) flush();
    revision = eventRevision;
    if (type === 'Put') {
      const entry = toEntry(kv);
      if (entry !== undefined) put.set(entry.key, entry);
    } else {
      const key = toKey(kv.key);
      if (key !== undefined) deleted.add(key);
    }
  };
  return {
    add(response) {
      for (const event of response.events) take(event);
      if (!response.fragment) flush();
    },
  };
}
