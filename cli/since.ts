const unitsMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * A moment as people name it: how long ago ("10m", "2h", "3d"), or a date with or without a time, in UTC unless it says
 * otherwise ("2026-11-24", "2026-11-24T10:00:00Z").
 *
 * @returns milliseconds since 1970; `undefined` for anything else
 */
export function parseSince(text: string, nowMs: number): number | undefined {
  const [, count, unit = ''] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  if (count !== undefined) return Math.max(0, nowMs - Number(count) * (unitsMs[unit] ?? 0));
  const [, date, time = '00:00', zone = 'Z'] =
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?)(Z|[+-]\d\d:\d\d)?)?$/.exec(text) ?? [];
  const parsed = Date.parse(`${date}T${time}${zone}`);
  return Number.isNaN(parsed) ? undefined : parsed;
}
