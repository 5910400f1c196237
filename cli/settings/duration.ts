import * as z from 'zod';

const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000 };

/** "500ms", "30s" or "2m" → milliseconds. */
export const duration = z.string().transform((text, context): number => {
  const [, count, unit = ''] = /^(\d{1,9})(ms|s|m)$/.exec(text) ?? [];
  if (count !== undefined) return Number(count) * (units[unit] as number);
  context.addIssue({ code: 'custom', message: `"${text}" is not a duration such as 500ms, 30s or 2m` });
  return z.NEVER;
});
