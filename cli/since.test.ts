import { expect, test } from 'vitest';
import { parseSince } from './since.ts';

const now = Date.UTC(2026, 10, 24, 12);

test.each([
  ['0s', now],
  ['90s', now - 90_000],
  ['10m', now - 600_000],
  ['2h', now - 7_200_000],
  ['3d', now - 259_200_000],
  ['999999999d', 0],
  ['2026-11-24', Date.UTC(2026, 10, 24)],
  ['2026-11-24T10:00', Date.UTC(2026, 10, 24, 10)],
  ['2026-11-24 10:00:05.25', Date.UTC(2026, 10, 24, 10, 0, 5, 250)],
  ['2026-11-24T10:00:00+02:00', Date.UTC(2026, 10, 24, 8)],
])('%s is a moment', (text, moment) => {
  expect(parseSince(text, now)).toBe(moment);
});

test.each(['', '10', '-5m', '5ms', 'yesterday', '2026-13-01', '24.11.2026'])('"%s" is none', (text) => {
  expect(parseSince(text, now)).toBeUndefined();
});
