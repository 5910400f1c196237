import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';

/** Calls `renew` three times in each life of a lease until the signal; more often while it fails. */
export async function keepAlive(
  renew: () => Promise<void>,
  { ttlSeconds, signal, log }: { ttlSeconds: number; signal: AbortSignal; log: Logger },
): Promise<void> {
  const intervalMs = (ttlSeconds * 1_000) / 3;
  let failing = false;
  while (!signal.aborted) {
    const jitter = 0.8 + Math.random() * 0.2;
    await sleep((failing ? Math.min(intervalMs, 1_000) : intervalMs) * jitter, undefined, { signal }).catch(
      () => undefined,
    );
    if (signal.aborted) return;
    try {
      await renew();
      failing = false;
    } catch (error) {
      if (!failing) log.warn({ err: error }, 'cannot renew a registration: trying again every second');
      failing = true;
    }
  }
}
