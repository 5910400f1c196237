import { randomFillSync } from 'node:crypto';

/** Random bytes are asked for many at a time: to ask the system for a few costs more than all else about an id. */
const bytes = Buffer.alloc(4 * 1024);
let digits = '';
let used = 0;

/** So many random hexadecimal digits. */
export function randomDigits(count: number): string {
  if (used + count > digits.length) {
    digits = randomFillSync(bytes).toString('hex');
    used = 0;
  }
  used += count;
  return digits.slice(used - count, used);
}
