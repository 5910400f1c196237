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
