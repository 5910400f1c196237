import { setTimeout as delay } from 'node:timers/promises';
import { signalGroup } from './signal.ts';
import type { ProcessEntry } from './table.ts';

/** How long after SIGKILL a process may still be seen. */
const killedMs = 5000;
const pollMs = 50;

/**
 * Ends processes that are no children of ours, with the groups they are in: SIGTERM, and SIGKILL for those that are left
 * after `graceMs`.
 *
 * @param find looks for them; it is asked again until it finds none
 * @returns those that even SIGKILL did not end
 */
export async function endProcesses(
  find: () => readonly ProcessEntry[],
  graceMs: number,
): Promise<readonly ProcessEntry[]> {
  let found = find();
  for (const { signal, waitMs } of [
    { signal: 'SIGTERM', waitMs: graceMs },
    { signal: 'SIGKILL', waitMs: killedMs },
  ] as const) {
    for (const group of new Set(found.map((entry) => entry.group))) signalGroup(group, signal);
    const deadline = performance.now() + waitMs;
    while (found.length > 0 && performance.now() < deadline) {
      await delay(pollMs);
      found = find();
    }
  }
  return found;
}
