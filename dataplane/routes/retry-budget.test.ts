import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { RetryBudget } from './retry-budget.ts';

function budgetAt(): { readonly budget: RetryBudget; readonly pass: (ms: number) => void } {
  let nowMs = 0;
  return { budget: new RetryBudget(() => nowMs), pass: (ms) => (nowMs += ms) };
}

/** How many of these retries are granted. */
function granted(budget: RetryBudget, retries: number): number {
  return Array.from({ length: retries }, () => budget.tryWithdraw()).filter(Boolean).length;
}

test('without calls a hundred retries are granted, then ten a second', () => {
  const { budget, pass } = budgetAt();
  expect(granted(budget, 1_000)).toBe(100);
  pass(1_000);
  expect(granted(budget, 1_000)).toBe(10);
  pass(50);
  expect(granted(budget, 1_000)).toBe(0);
  pass(50);
  expect(granted(budget, 1_000)).toBe(1);
  pass(3_600_000);
  expect(granted(budget, 1_000)).toBe(100);
});

test('every five calls earn a retry', () => {
  const { budget } = budgetAt();
  granted(budget, 100);
  for (let calls = 0; calls < 99; calls += 1) budget.deposit();
  expect(granted(budget, 1_000)).toBe(19);
  budget.deposit();
  expect(granted(budget, 1_000)).toBe(1);
});

test('of many calls no more than a thousand retries are saved up', () => {
  const { budget } = budgetAt();
  granted(budget, 100);
  for (let calls = 0; calls < 50_000; calls += 1) budget.deposit();
  expect(granted(budget, 10_000)).toBe(1_000);
});

test('whatever happens when, there are no more retries than a fifth of the calls and what is free', () => {
  const step = fc.record({ ms: fc.nat(2_000), calls: fc.nat(50), retries: fc.nat(50) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const { budget, pass } = budgetAt();
      const total = { ms: 0, calls: 0, granted: 0 };
      for (const { ms, calls, retries } of steps) {
        pass(ms);
        for (let call = 0; call < calls; call += 1) budget.deposit();
        total.ms += ms;
        total.calls += calls;
        total.granted += granted(budget, retries);
        expect(total.granted).toBeLessThanOrEqual(total.calls / 5 + 100 + total.ms / 100);
      }
    }),
  );
});
