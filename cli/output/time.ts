const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const;

/** How long ago a moment was, in its largest unit: "3m". */
export function age(unixMs: bigint, nowMs = Date.now()): string {
  const elapsedMs = Math.max(0, nowMs - Number(unixMs));
  for (const [unit, ms] of units) if (elapsedMs >= ms) return `${Math.floor(elapsedMs / ms)}${unit}`;
  return '0s';
}

/** "2026-11-23T21:50:00.000Z"; null for a moment that has not come yet (0). */
export function isoTime(unixMs: bigint): string | null {
  return unixMs === 0n ? null : new Date(Number(unixMs)).toISOString();
}
