import type { Logger } from 'pino';
import type { Store } from './store/store.ts';

export interface AutoCompactionOptions {
  readonly store: Store;
  readonly log: Logger;
  /** How long history is kept at least, in milliseconds; up to twice that. Default an hour. */
  readonly retentionMs?: number;
}

/**
 * Gives up history that is older than the retention, so that the data file does not grow with time: what etcd does with
 * `--auto-compaction-mode=periodic`. https://etcd.io/docs/v3.6/op-guide/maintenance/#auto-compaction
 */
export function startAutoCompaction({ store, log, retentionMs = 3_600_000 }: AutoCompactionOptions): { stop(): void } {
  let { revision } = store;
  const compact = async (): Promise<void> => {
    const old = revision;
    ({ revision } = store);
    if (old <= store.compactedRevision) return;
    await store.compact(old);
    log.debug({ revision: old }, 'compacted the history of the store');
  };
  const timer = setInterval(() => {
    compact().catch((error: unknown) => log.warn({ err: error }, 'could not compact the history of the store'));
  }, retentionMs);
  return { stop: () => clearInterval(timer) };
}
