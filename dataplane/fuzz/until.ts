import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { longestCheckMs } from './property.ts';

/**
 * Resolves once it is so. What is waited for is not told by an event; most of it is so at once.
 *
 * @throws AssertionError when it takes most of what a check may take
 */
export async function until(what: string, isSo: () => boolean): Promise<void> {
  for (let turns = 0; turns < (2 * longestCheckMs) / 3; turns += 1) {
    if (isSo()) return;
    await delay(1);
  }
  assert.fail(`it never came to this: ${what}`);
}
