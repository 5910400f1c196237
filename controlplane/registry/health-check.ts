import type { HealthCheck } from '../../proto/gen/micro/routes/v1/routes.ts';

/**
 * The health check that an instance asks for in its metadata, with everything that is wrong in how it does; what is
 * wrong counts as left out.
 *
 * | key | | default |
 * |---|---|---|
 * | `health` | path that is asked for, "/healthz" | no check |
 * | `health-interval` | from one check to the next, 1s to 60m | 10s |
 * | `health-timeout` | for one check, 100ms to 1m | 2s |
 * | `health-pass` | passes in a row that bring it back, 1 to 10 | 2 |
 * | `health-fail` | failures in a row that take it out, 1 to 10 | 3 |
 *
 * A time is a whole number of `ms`, `s` or `m`, or of seconds.
 */
export function readHealthCheck(metadata: Readonly<Record<string, string>>): {
  readonly check: HealthCheck | undefined;
  readonly problems: readonly string[];
} {
  const problems: string[] = [];
  const read = <Value>(
    key: string,
    parse: (text: string) => Value | undefined,
    expected: string,
  ): Value | undefined => {
    const text = metadata[key];
    if (text === undefined) return undefined;
    const value = parse(text);
    if (value === undefined) problems.push(`the metadata "${key}" is ${JSON.stringify(text)}, and must be ${expected}`);
    return value;
  };
  const path = read('health', pathOf, 'a path of printable ASCII, such as /healthz');
  const check = {
    intervalMs: read('health-interval', timeBetween(1_000, 3_600_000), 'a time from 1s to 60m, such as 10s') ?? 10_000,
    timeoutMs: read('health-timeout', timeBetween(100, 60_000), 'a time from 100ms to 1m, such as 2s') ?? 2_000,
    pass: read('health-pass', countOf, 'a whole number from 1 to 10') ?? 2,
    fail: read('health-fail', countOf, 'a whole number from 1 to 10') ?? 3,
  };
  return { check: path === undefined ? undefined : { path, ...check }, problems };
}

const maxPathLength = 1_024;

function pathOf(text: string): string | undefined {
  return text.length <= maxPathLength && /^\/[\x21-\x7e]*$/.test(text) ? text : undefined;
}

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000 };

function timeBetween(leastMs: number, mostMs: number): (text: string) => number | undefined {
  return (text) => {
    const [, number, unit = 's'] = /^(\d{1,7})(ms|s|m)?$/.exec(text) ?? [];
    const ms = Number(number) * (unitsMs[unit] ?? 0);
    return ms >= leastMs && ms <= mostMs ? ms : undefined;
  };
}

function countOf(text: string): number | undefined {
  return /^([1-9]|10)$/.test(text) ? Number(text) : undefined;
}
