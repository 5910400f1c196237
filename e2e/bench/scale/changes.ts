import { setTimeout as wait } from 'node:timers/promises';

/** Calls `change` with 0, 1, 2 … at a steady rate, and as many at once as a timer that came late has missed. */
export async function atRate(
  { perSecond, seconds }: { readonly perSecond: number; readonly seconds: number },
  change: (index: number) => void,
): Promise<void> {
  const total = perSecond * seconds;
  const startedAt = performance.now();
  for (let made = 0; made < total; ) {
    const due = Math.min(total, Math.floor(((performance.now() - startedAt) * perSecond) / 1_000));
    for (; made < due; made += 1) change(made);
    await wait(1);
  }
}

export const perSecond = 1_000;
export const seconds = 10;
