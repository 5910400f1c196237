import { setTimeout as sleep } from 'node:timers/promises';
import { ExponentialBackoff, type IBackoff } from 'cockatiel';
import type { Etcd3 } from 'etcd3';
import type { Logger } from 'pino';
import { Copy } from './copy.ts';
import { listPrefix, readRevision } from './listing.ts';
import type { Mirror } from './mirror.types.ts';
import { type WatchEnd, watchPrefix } from './watch.ts';

export interface MirrorOptions {
  readonly client: Etcd3;
  /** What the copied keys begin with: "/micro/". */
  readonly prefix: string;
  readonly log: Logger;
  /** How long the store may take to confirm a watch, in milliseconds. Default 5000. */
  readonly timeoutMs?: number;
}

/**
 * Lists the prefix, then keeps the copy in step until `stop()`. See `mirror.types.ts`.
 *
 * @throws ControlPlaneError `unavailable` when the store does not answer the first listing
 */
export async function startMirror({ client, prefix, log, timeoutMs = 5_000 }: MirrorOptions): Promise<Mirror> {
  const copy = new Copy(await listPrefix(client, prefix), log);
  const follower = new Follower({ client, prefix, log, timeoutMs, copy });
  const finished = follower.run();
  return {
    get revision() {
      return copy.revision;
    },
    get clusterId() {
      return copy.clusterId;
    },
    get status() {
      return follower.status;
    },
    get: (key) => copy.get(key),
    list: (start) => copy.list(start),
    onChange: (start, listener) => copy.onChange(start, listener),
    stop: () => {
      follower.stop();
      return finished;
    },
  };
}

/** Waits between attempts to reach the store, with jitter, in milliseconds. */
const waits = new ExponentialBackoff({ initialDelay: 100, maxDelay: 5_000 });

/**
 * Keeps a copy in step with the store.
 *
 *     watch ──dropped──▶ wait ──▶ catch up ──▶ watch
 *       └────compacted─────────────▲
 */
class Follower {
  status: Mirror['status'] = { reachable: true };
  readonly #options: Required<MirrorOptions> & { readonly copy: Copy };
  readonly #stopping = new AbortController();
  #wait: IBackoff<unknown> = waits.next();

  constructor(options: Required<MirrorOptions> & { readonly copy: Copy }) {
    this.#options = options;
  }

  stop(): void {
    this.#stopping.abort();
  }

  /** Resolves once it stopped; never rejects. */
  async run(): Promise<void> {
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
    const { client, prefix, timeoutMs, copy } = this.#options;
    return watchPrefix({
      client,
      prefix,
      timeoutMs,
      from: copy.revision + 1n,
      signal: this.#stopping.signal,
      onConfirmed: () => this.#found(),
      onChange: (change) => copy.apply(change),
    });
  }

  /**
   * Makes sure that a watch from the next revision on will see everything: it is the same store, it has not gone back,
   * and it still has that part of its history.
   */
  async #catchUp(end: WatchEnd): Promise<void> {
    const { client, prefix, log, copy } = this.#options;
    const store = await readRevision(client, prefix);
    if (store.clusterId !== copy.clusterId) {
      const clusters = { was: copy.clusterId.toString(), is: store.clusterId.toString() };
      log.warn(clusters, 'the store is another cluster now: taking over its content');
    } else if (store.revision < copy.revision) {
      // A watch would wait for the future and then miss all between.
      throw new Error(
        `the store went back from revision ${copy.revision} to ${store.revision}, as after restoring an old backup; ` +
          'what is known is kept: restart the control plane to take over the older content',
      );
    } else if (end.kind === 'compacted') {
      log.info({ from: copy.revision, compacted: end.revision }, 'history was compacted: listing the store again');
    } else {
      return;
    }
    copy.replace(await listPrefix(client, prefix));
  }

  #found(): void {
    this.#wait = waits.next();
    if (!this.status.reachable) {
      this.#options.log.info({ revision: this.#options.copy.revision }, 'the store is reachable again');
    }
    this.status = { reachable: true };
  }

  #lost(reason: string): void {
    if (this.#stopping.signal.aborted) return;
    if (this.status.reachable) {
      this.#options.log.warn({ reason }, 'lost the store: going on with what is known, and trying again');
    }
    this.status = { reachable: false, reason };
  }
}
