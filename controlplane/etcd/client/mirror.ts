import { setTimeout as sleep } from 'node:timers/promises';
import { ExponentialBackoff, type IBackoff } from 'cockatiel';
import type { Etcd3 } from 'etcd3';
import type { Logger } from 'pino';
import { type Listing, listPrefix, readRevision } from './listing.ts';
import type { Entry, Mirror, MirrorChange } from './mirror.types.ts';
import { type WatchEnd, watchPrefix } from './watch.ts';

export interface MirrorOptions {
  readonly client: Etcd3;
  /** What the copied keys begin with: "/micro/". */
  readonly prefix: string;
  readonly log: Logger;
  /** How long the store may take to confirm a watch, in milliseconds. Default 5000. */
  readonly timeoutMs?: number;
}

/** Waits between attempts to reach the store, with jitter, in milliseconds. */
const waits = new ExponentialBackoff({ initialDelay: 100, maxDelay: 5_000 });

/**
 * Lists the prefix, then keeps the copy in step until `stop()`. See `mirror.types.ts`.
 *
 * @throws ControlPlaneError `unavailable` when the store does not answer the first listing
 */
export async function startMirror(options: MirrorOptions): Promise<Mirror> {
  const mirror = new StoreMirror(options, await listPrefix(options.client, options.prefix));
  mirror.start();
  return mirror;
}

class StoreMirror implements Mirror {
  status: Mirror['status'] = { reachable: true };
  readonly #options: Required<MirrorOptions>;
  readonly #listeners = new Set<{ readonly prefix: string; readonly listener: (change: MirrorChange) => void }>();
  readonly #stopping = new AbortController();
  readonly #entries: Map<string, Entry>;
  #revision: bigint;
  #clusterId: bigint;
  #wait: IBackoff<unknown> = waits.next();
  #finished: Promise<void> = Promise.resolve();

  constructor(options: MirrorOptions, listing: Listing) {
    this.#options = { timeoutMs: 5_000, ...options };
    this.#entries = new Map(listing.entries);
    this.#revision = listing.revision;
    this.#clusterId = listing.clusterId;
  }

  get revision(): bigint {
    return this.#revision;
  }

  get clusterId(): bigint {
    return this.#clusterId;
  }

  get(key: string): Entry | undefined {
    return this.#entries.get(key);
  }

  list(prefix: string): readonly Entry[] {
    const found = [...this.#entries.values()].filter(({ key }) => key.startsWith(prefix));
    return found.toSorted((a, b) => (a.key < b.key ? -1 : 1));
  }

  onChange(prefix: string, listener: (change: MirrorChange) => void): () => void {
    const entry = { prefix, listener };
    this.#listeners.add(entry);
    return () => this.#listeners.delete(entry);
  }

  start(): void {
    this.#finished = this.#follow();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#finished;
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stopping;
    let end = await this.#watch();
    while (!signal.aborted) {
      if (end.kind === 'dropped') {
        this.#lost(end.reason);
        await sleep(this.#wait.duration, undefined, { signal }).catch(() => undefined);
        this.#wait = this.#wait.next(undefined);
        if (signal.aborted) return;
      }
      try {
        await this.#catchUp(end);
        end = await this.#watch();
      } catch (error) {
        end = { kind: 'dropped', reason: error instanceof Error ? error.message : String(error) };
      }
    }
  }

  #watch(): Promise<WatchEnd> {
    const { client, prefix, timeoutMs } = this.#options;
    return watchPrefix({
      client,
      prefix,
      timeoutMs,
      from: this.#revision + 1n,
      signal: this.#stopping.signal,
      onConfirmed: () => this.#found(),
      onChange: (change) => this.#apply(change),
    });
  }

  /**
   * Makes sure that a watch from the next revision on will see everything: it is the same store, it has not gone back,
   * and it still has that part of its history.
   */
  async #catchUp(end: WatchEnd): Promise<void> {
    const { client, prefix, log } = this.#options;
    const store = await readRevision(client, prefix);
    if (store.clusterId !== this.#clusterId) {
      log.warn(
        { was: this.#clusterId, is: store.clusterId },
        'the store is another cluster now: taking over its content',
      );
    } else if (store.revision < this.#revision) {
      // A watch would wait for the future and then miss all between.
      throw new Error(
        `the store went back from revision ${this.#revision} to ${store.revision}, as after restoring an old backup; ` +
          'what is known is kept: restart the control plane to take over the older content',
      );
    } else if (end.kind === 'dropped') {
      return;
    }
    this.#replace(await listPrefix(client, prefix));
  }

  /** Takes over a listing as one change: what differs from the copy. */
  #replace(listing: Listing): void {
    const sameCluster = listing.clusterId === this.#clusterId;
    const put = [...listing.entries.values()].filter(
      ({ key, modRevision }) => !sameCluster || this.#entries.get(key)?.modRevision !== modRevision,
    );
    const deleted = [...this.#entries.keys()].filter((key) => !listing.entries.has(key));
    this.#clusterId = listing.clusterId;
    this.#revision = listing.revision;
    this.#commit({ revision: listing.revision, put, deleted });
  }

  #apply(change: MirrorChange): void {
    if (change.revision <= this.#revision) return;
    this.#revision = change.revision;
    this.#commit(change);
  }

  #commit({ revision, put, deleted }: MirrorChange): void {
    for (const key of deleted) this.#entries.delete(key);
    for (const entry of put) this.#entries.set(entry.key, entry);
    for (const { prefix, listener } of this.#listeners) {
      const touched = {
        revision,
        put: put.filter(({ key }) => key.startsWith(prefix)),
        deleted: deleted.filter((key) => key.startsWith(prefix)),
      };
      if (touched.put.length === 0 && touched.deleted.length === 0) continue;
      try {
        listener(touched);
      } catch (error) {
        // One reader's defect must not keep the others from the change.
        this.#options.log.error({ err: error, prefix, revision }, 'a reader of the store failed on a change');
      }
    }
  }

  #found(): void {
    this.#wait = waits.next();
    if (!this.status.reachable) this.#options.log.info({ revision: this.#revision }, 'the store is reachable again');
    this.status = { reachable: true };
  }

  #lost(reason: string): void {
    if (this.status.reachable && !this.#stopping.signal.aborted) {
      this.#options.log.warn({ reason }, 'lost the store: continuing with what is known, and trying again');
    }
    this.status = { reachable: false, reason };
  }
}
