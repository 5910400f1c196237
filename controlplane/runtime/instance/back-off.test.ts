import { expect, test } from 'vitest';
import { defaultLimits } from '../limits.ts';
import { backOffMs } from './back-off.ts';

const full = (failures: number): number => backOffMs(failures, defaultLimits, () => 0);

test('the wait doubles from 100 ms up to 30 s', () => {
  expect([0, 1, 2, 3, 8, 9, 10, 5000].map(full)).toEqual([100, 200, 400, 800, 25_600, 30_000, 30_000, 30_000]);
});

test('chance takes away up to a half of it', () => {
  expect(backOffMs(3, defaultLimits, () => 0.5)).toBe(600);
  expect(backOffMs(3, defaultLimits, () => 0.999)).toBeCloseTo(400, 0);
});
