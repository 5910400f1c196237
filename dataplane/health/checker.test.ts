import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Protocol } from '../../proto/gen/micro/routes/v1/routes.ts';
import { silent } from '../data-plane.fixture.ts';
import { InstanceStates } from '../routes/instance-state.ts';
import type { RoutedInstance } from '../routes/table.ts';
import { type Checker, startChecker } from './checker.ts';
import type { Probe } from './probe.ts';

const check = { path: '/healthz', intervalMs: 1_000, timeoutMs: 300, pass: 2, fail: 3 };

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function instanceAt(name: string): RoutedInstance {
  return {
    name,
    version: 'v1',
    address: { host: '10.0.0.1', port: 80 },
    protocol: Protocol.PROTOCOL_HTTP1,
    weight: 1,
    healthCheck: check,
    state: new InstanceStates().at(name),
  };
}

/** A checker that begins at once and finds what the test says. */
function checkerThat(probe: Probe): { readonly checker: Checker; readonly instance: RoutedInstance } {
  const instance = instanceAt('10.0.0.1:80');
  const options = { probe, limit: (begin: () => Promise<void>) => begin(), random: () => 0.5, log: silent };
  return { checker: startChecker(instance, check, options), instance };
}

/** What the state says after each of these checks. */
async function verdictsOf(results: readonly ('passes' | 'fails')[]): Promise<string> {
  const coming = results.values();
  const { checker, instance } = checkerThat(async () => {
    if (coming.next().value === 'fails') throw new Error('it is ill');
  });
  await vi.advanceTimersByTimeAsync(500);
  let verdicts = instance.state.isSetAside ? 'x' : '.';
  for (let checks = 1; checks < results.length; checks += 1) {
    await vi.advanceTimersByTimeAsync(1_000);
    verdicts += instance.state.isSetAside ? 'x' : '.';
  }
  checker.stop();
  return verdicts;
}

const results = (text: string) => Array.from(text, (letter) => (letter === 'f' ? 'fails' : 'passes'));

test.each([
  ['three failures in a row take it out', 'fff', '..x'],
  ['a pass between failures begins their row anew', 'ffpffpfff', '........x'],
  ['two passes in a row bring it back', 'fffpp', '..xx.'],
  ['a failure between passes begins their row anew', 'fffpfpp', '..xxxx.'],
  ['once back it has three failures again', 'fffppffpfff', '..xx......x'],
])('%s', async (_, made, verdicts) => {
  expect(await verdictsOf(results(made))).toBe(verdicts);
});

test('an instance is healthy until it has failed', async () => {
  const { checker, instance } = checkerThat(() => new Promise(() => {}));
  expect(instance.state.isSetAside).toBe(false);
  checker.stop();
});

test('a check that takes too long is ended and has failed', async () => {
  const reasons: unknown[] = [];
  const { checker, instance } = checkerThat((_instance, _check, signal) => {
    signal.addEventListener('abort', () => reasons.push(signal.reason));
    return new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
    });
  });
  await vi.advanceTimersByTimeAsync(500 + 3 * 300 + 2 * 1_000);
  expect(reasons).toEqual(Array.from({ length: 3 }, () => new Error('no answer within 300 ms')));
  expect(instance.state.isSetAside).toBe(true);
  checker.stop();
});

test('what is stopped checks no more, ends the check under way and says nothing about the instance', async () => {
  const signals: AbortSignal[] = [];
  const { checker, instance } = checkerThat(async (_instance, _check, signal) => {
    signals.push(signal);
    if (signals.length <= 3) throw new Error('it is ill');
    await new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
    });
  });
  await vi.advanceTimersByTimeAsync(3_500);
  expect(instance.state.isSetAside).toBe(true);
  expect(signals).toHaveLength(4);
  checker.stop();
  expect(signals[3]?.aborted).toBe(true);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(instance.state.isSetAside).toBe(false);
  expect(signals).toHaveLength(4);
  expect(vi.getTimerCount()).toBe(0);
});

test('instances that appear together are not checked together', async () => {
  const instance = instanceAt('10.0.0.1:80');
  const begun: number[] = [];
  const probe: Probe = async () => void begun.push(performance.now());
  const limit = (begin: () => Promise<void>) => begin();
  const checkers = [0, 0.25, 0.75].map((chance) =>
    startChecker(instance, check, { probe, limit, random: () => chance, log: silent }),
  );
  const startedAt = performance.now();
  await vi.advanceTimersByTimeAsync(999);
  expect(begun.map((at) => Math.round(at - startedAt))).toEqual([0, 250, 750, 900]);
  for (const checker of checkers) checker.stop();
});
