import { expect, test } from 'vitest';
import { readHealthCheck } from './health-check.ts';

const check = { path: '/healthz', intervalMs: 10_000, timeoutMs: 2_000, pass: 2, fail: 3 };

test('without a path there is no check', () => {
  expect(readHealthCheck({})).toEqual({ check: undefined, problems: [] });
  expect(readHealthCheck({ 'health-interval': '5s', weight: '3' })).toEqual({ check: undefined, problems: [] });
});

test.each([
  [{}, {}],
  [{ health: '/' }, { path: '/' }],
  [{ health: '/a?b=%20' }, { path: '/a?b=%20' }],
  [{ 'health-interval': '1s' }, { intervalMs: 1_000 }],
  [{ 'health-interval': '30' }, { intervalMs: 30_000 }],
  [{ 'health-interval': '1500ms' }, { intervalMs: 1_500 }],
  [{ 'health-interval': '60m' }, { intervalMs: 3_600_000 }],
  [{ 'health-timeout': '100ms' }, { timeoutMs: 100 }],
  [{ 'health-timeout': '1m' }, { timeoutMs: 60_000 }],
  [
    { 'health-pass': '1', 'health-fail': '10' },
    { pass: 1, fail: 10 },
  ],
])('a check is read with its defaults: %j', (metadata, differs) => {
  expect(readHealthCheck({ health: '/healthz', ...metadata })).toEqual({
    check: { ...check, ...differs },
    problems: [],
  });
});

test.each([
  ['health-interval', '999ms', 'a time from 1s to 60m, such as 10s'],
  ['health-interval', '61m', 'a time from 1s to 60m, such as 10s'],
  ['health-interval', '10 s', 'a time from 1s to 60m, such as 10s'],
  ['health-interval', '', 'a time from 1s to 60m, such as 10s'],
  ['health-timeout', '0', 'a time from 100ms to 1m, such as 2s'],
  ['health-timeout', '-1s', 'a time from 100ms to 1m, such as 2s'],
  ['health-timeout', '99999999s', 'a time from 100ms to 1m, such as 2s'],
  ['health-pass', '0', 'a whole number from 1 to 10'],
  ['health-fail', '11', 'a whole number from 1 to 10'],
  ['health-fail', '2.5', 'a whole number from 1 to 10'],
])('what is wrong is told, and counts as left out: %s %j', (key, text, expected) => {
  expect(readHealthCheck({ health: '/healthz', [key]: text })).toEqual({
    check,
    problems: [`the metadata "${key}" is ${JSON.stringify(text)}, and must be ${expected}`],
  });
});

test.each(['', 'healthz', 'http://host/healthz', '/a b', '/\r\nHost: x', `/${'a'.repeat(1_024)}`])(
  'a path that cannot be asked for is no check: %j',
  (health) => {
    const { check: none, problems } = readHealthCheck({ health });
    expect(none).toBeUndefined();
    expect(problems).toEqual([expect.stringMatching(/"health" is .* must be a path of printable ASCII/)]);
  },
);
