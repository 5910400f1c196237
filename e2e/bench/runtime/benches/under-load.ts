import assert from 'node:assert/strict';
import { type Answer, heldRate, percentile, requestsAtRate } from '../../requests-at-rate.ts';
import type { Figure } from '../../figure.ts';

const requestsPerSecond = 2000;
/** How far the rate may be off. */
const tolerance = 0.05;

/** What was seen of one service while something was done to it. */
export interface LoadOptions {
  /** "rolling updates" */
  readonly what: string;
  readonly url: string;
  readonly total: number;
  readonly signal: AbortSignal;
  /** Does it, again and again, until it is told that the load is over; returns how often. */
  readonly disturb: (isOver: () => boolean) => Promise<number>;
}

/**
 * Sends 2,000 requests a second to a service while it is disturbed.
 *
 * @returns how many were not answered with 200; it has to be none
 */
export async function failedUnderLoad(options: LoadOptions): Promise<readonly Figure[]> {
  const { what, url, total, signal, disturb } = options;
  let over = false;
  const load = requestsAtRate({ url, requestsPerSecond, total, signal }).finally(() => {
    over = true;
  });
  const [answers, times] = await Promise.all([load, disturb(() => over)]);
  const held = heldRate(answers);
  assert(Math.abs(held / requestsPerSecond - 1) <= tolerance, `${held.toFixed(0)} requests a second were sent`);
  assert(times > 0, `there were no ${what}`);
  const failures = answers.filter((answer) => !isWell(answer));
  for (const { startUs, status } of failures) {
    process.stderr.write(`${status} at ${((startUs - (answers[0]?.startUs ?? 0)) / 1e6).toFixed(3)} s\n`);
  }
  const count = total.toLocaleString('en');
  return [
    {
      name: `of ${count} requests at 2,000 a second, during ${times} ${what}`,
      contender: 'failed',
      unit: 'requests',
      samples: [total - answers.length + failures.length],
      targets: [{ atMost: 0 }],
    },
    { name: `99.9th percentile of that`, contender: what, unit: 'ms', samples: [percentile(answers, 0.999)] },
  ];
}

const isWell = ({ status }: Answer): boolean => status === 200;
