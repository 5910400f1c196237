import { setTimeout as delay } from 'node:timers/promises';
import type { RuntimeLimits } from '../limits.ts';

/**
 * How long to wait before a restart: doubled with each failure in a row up to the longest, and then shortened by a random
 * part of up to a half, so that what failed together does not come back together.
 *
 * @param failures failures in a row, not counting the one that the wait is for
 * @returns milliseconds
 */
export function backOffMs(failures: number, limits: RuntimeLimits, random: () => number): number {
  const full = Math.min(limits.backOffLongestMs, limits.backOffFirstMs * 2 ** Math.min(failures, 30));
  return full * (1 - random() / 2);
}

/** Resolves after a time, or as soon as `signal` is aborted. */
export async function pause(timeMs: number, signal: AbortSignal): Promise<void> {
  await delay(timeMs, undefined, { signal }).catch(() => undefined);
}
