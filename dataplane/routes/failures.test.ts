import { expect, test } from 'vitest';
import { Failures } from './failures.ts';

/** Failures of an instance at a time that the test sets, each set aside for as long as can be. */
function failuresAt(random = 0): { readonly failures: Failures; readonly pass: (ms: number) => void } {
  let nowMs = 0;
  return { failures: new Failures({ now: () => nowMs, random: () => random }), pass: (ms) => (nowMs += ms) };
}

/** Fails each trial, and returns how long the instance was set aside after each. */
function timesAside(failures: Failures, pass: (ms: number) => void, trials: number): number[] {
  return Array.from({ length: trials }, () => {
    failures.callBegins();
    failures.callFailed('connect');
    let ms = 0;
    for (; failures.isSetAside; ms += 1) pass(1);
    return ms;
  });
}

test('an instance that cannot be connected to is set aside at once, and longer each time up to 30 s', () => {
  const { failures, pass } = failuresAt();
  expect(timesAside(failures, pass, 7)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
});

test('chance shortens the time to half at most', () => {
  const { failures, pass } = failuresAt(0.999_999);
  expect(timesAside(failures, pass, 7)).toEqual([501, 1_001, 2_001, 4_001, 8_001, 15_001, 15_001]);
});

test.each([
  ['broken calls', (failures: Failures) => failures.callFailed('broken')],
  ['answers 502', (failures: Failures) => failures.callAnswered(502)],
  ['answers 503', (failures: Failures) => failures.callAnswered(503)],
  ['answers 504', (failures: Failures) => failures.callAnswered(504)],
])('five %s in a row set an instance aside, four do not', (_, fail) => {
  const { failures } = failuresAt();
  for (let calls = 0; calls < 4; calls += 1) fail(failures);
  expect(failures.isSetAside).toBe(false);
  fail(failures);
  expect(failures.isSetAside).toBe(true);
});

test.each([200, 101, 404, 500, 501])('an answer %s between failures begins the row anew', (status) => {
  const { failures } = failuresAt();
  for (let calls = 0; calls < 40; calls += 1) {
    if (calls % 5 === 4) failures.callAnswered(status);
    else failures.callFailed('broken');
    expect(failures.isSetAside).toBe(false);
  }
});

test('an instance that answers again is forgiven, and a later failure counts as its first', () => {
  const { failures, pass } = failuresAt();
  timesAside(failures, pass, 4);
  failures.callFailed('connect');
  failures.callAnswered(200);
  expect(failures.isSetAside).toBe(false);
  expect(timesAside(failures, pass, 1)).toEqual([1_000]);
});

test('calls that began together and fail together set an instance aside once', () => {
  const { failures, pass } = failuresAt();
  for (let calls = 0; calls < 100; calls += 1) failures.callBegins();
  for (let calls = 0; calls < 100; calls += 1) failures.callFailed('connect');
  pass(999);
  expect(failures.isSetAside).toBe(true);
  pass(1);
  expect(failures.isSetAside).toBe(false);
});

test('when its time is over one call goes there, and no other until that has ended', () => {
  const { failures, pass } = failuresAt();
  failures.callFailed('connect');
  pass(1_000);
  expect(failures.isSetAside).toBe(false);
  failures.callBegins();
  expect(failures.isSetAside).toBe(true);
  failures.callAnswered(200);
  expect(failures.isSetAside).toBe(false);
});

test('one failure on trial is enough, of whatever kind', () => {
  const { failures, pass } = failuresAt();
  failures.callFailed('connect');
  pass(1_000);
  failures.callBegins();
  failures.callAnswered(503);
  pass(1_999);
  expect(failures.isSetAside).toBe(true);
  pass(1);
  expect(failures.isSetAside).toBe(false);
});

test('a trial of which nothing is heard is followed by another', () => {
  const { failures, pass } = failuresAt();
  failures.callFailed('connect');
  for (let trials = 0; trials < 3; trials += 1) {
    pass(1_000);
    expect(failures.isSetAside).toBe(false);
    failures.callBegins();
    expect(failures.isSetAside).toBe(true);
  }
});
