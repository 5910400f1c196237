import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Deadlines } from './deadlines.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function bounded(ms: number) {
  return { deadline: performance.now() + ms, onDeadline: vi.fn<() => void>() };
}

test('what is past its deadline is told so, within an eighth of the shortest wait', () => {
  const deadlines = new Deadlines(80);
  const [soon, late, never] = [bounded(80), bounded(800), bounded(Number.POSITIVE_INFINITY)];
  for (const each of [soon, late, never]) deadlines.add(each);
  vi.advanceTimersByTime(79);
  expect(soon.onDeadline).not.toHaveBeenCalled();
  vi.advanceTimersByTime(11);
  expect(soon.onDeadline).toHaveBeenCalled();
  expect(late.onDeadline).not.toHaveBeenCalled();
  vi.advanceTimersByTime(10_000);
  expect(late.onDeadline).toHaveBeenCalled();
  expect(never.onDeadline).not.toHaveBeenCalled();
  deadlines.close();
});

test('what was taken out, or is left when all is closed, hears nothing', () => {
  const deadlines = new Deadlines(80);
  const [out, left] = [bounded(10), bounded(10)];
  deadlines.add(out);
  deadlines.add(left);
  deadlines.delete(out);
  deadlines.close();
  vi.advanceTimersByTime(1_000);
  expect(out.onDeadline).not.toHaveBeenCalled();
  expect(left.onDeadline).not.toHaveBeenCalled();
});

test('a loop that was blocked makes waits longer by as much, whenever they began, and never shorter', () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  let now = 0;
  const time = vi.spyOn(performance, 'now').mockImplementation(() => now);
  const sweepMs = 10;
  const sweepAt = (ms: number): void => {
    now = ms;
    vi.advanceTimersByTime(sweepMs);
  };
  const deadlines = new Deadlines(8 * sweepMs);
  const begin = (ms: number) => {
    const begun = { deadline: deadlines.after(ms), onDeadline: vi.fn<() => void>() };
    deadlines.add(begun);
    return begun;
  };
  const before = begin(80);
  sweepAt(10);
  // Blocked up to 5,000.
  now = 4_999;
  const meanwhile = begin(80);
  sweepAt(5_000);
  for (const each of [before, meanwhile]) expect(each.onDeadline).not.toHaveBeenCalled();
  for (let ms = 5_010; ms < 5_079; ms += sweepMs) sweepAt(ms);
  expect(meanwhile.onDeadline).not.toHaveBeenCalled();
  for (let ms = 5_080; ms <= 5_110; ms += sweepMs) sweepAt(ms);
  for (const each of [before, meanwhile]) expect(each.onDeadline).toHaveBeenCalled();
  deadlines.close();
  time.mockRestore();
});
