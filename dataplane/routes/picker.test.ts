import { expect, test, vi } from 'vitest';
import { type Instance, Protocol } from '../../proto/gen/micro/routes/v1/routes.ts';
import { InstanceStates } from './instance-state.ts';
import { Picker } from './picker.ts';
import type { RoutedInstance } from './table.ts';

const states = new InstanceStates();

function instances(...weights: number[]): RoutedInstance[] {
  return weights.map((weight, index) => ({
    name: `10.0.0.${index}:80`,
    address: { host: `10.0.0.${index}`, port: 80 },
    protocol: Protocol.PROTOCOL_HTTP1 satisfies Instance['protocol'],
    weight,
    state: new InstanceStates().at('any'),
  }));
}

/** How often each instance is picked when `times` calls begin and none ends. */
function shares(all: readonly RoutedInstance[], times: number): number[] {
  const picker = new Picker(all, steps());
  for (let call = 0; call < times; call += 1) {
    const instance = picker.pick();
    instance?.state.begin();
  }
  return all.map(({ state }) => state.callsInFlight);
}

/** Numbers from 0 to 1 that fill the range evenly, the same in every run. */
function steps(): () => number {
  let at = 0;
  return () => (at = (at + 0.618_033_988_749_895) % 1);
}

test('calls in flight are spread evenly', () => {
  for (const share of shares(instances(1, 1, 1, 1), 400)) expect(share).toBeGreaterThan(95);
});

test('calls in flight are spread by weight, and a weight of 0 gets none', () => {
  const [light = 0, heavy = 0, none] = shares(instances(1, 3, 0), 400);
  expect(heavy / light).toBeGreaterThan(2.7);
  expect(heavy / light).toBeLessThan(3.3);
  expect(none).toBe(0);
});

test('where no instance has a weight there is none to pick', () => {
  expect(new Picker(instances(0, 0), steps()).pick()).toBeUndefined();
  expect(new Picker([], steps()).pick()).toBeUndefined();
});

test('an instance that was tried is not picked again', () => {
  const all = instances(1, 1, 1);
  const picker = new Picker(all, steps());
  const tried = new Set<RoutedInstance>();
  for (const _ of all) {
    const instance = picker.pick(tried);
    expect(instance).toBeDefined();
    if (instance) tried.add(instance);
  }
  expect(tried.size).toBe(3);
  expect(picker.pick(tried)).toBeUndefined();
});

test('an instance that failed is avoided until its time is over', () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  try {
    const all = instances(1, 1);
    const [failing] = all;
    failing?.state.failed();
    expect(shares(all, 10)).toEqual([0, 10]);
    vi.advanceTimersByTime(1_001);
    expect(failing?.state.isSetAside).toBe(false);
    failing?.state.failed();
    vi.advanceTimersByTime(1_001);
    expect(failing?.state.isSetAside).toBe(true);
    vi.advanceTimersByTime(1_000);
    expect(failing?.state.isSetAside).toBe(false);
  } finally {
    vi.useRealTimers();
  }
});

test('an instance that answers again is forgiven', () => {
  const { state } = instances(1)[0] as RoutedInstance;
  state.failed();
  state.answered();
  expect(state.isSetAside).toBe(false);
});

test('never more than half of the instances are set aside', () => {
  const all = instances(1, 1, 1, 1);
  for (const { state } of all.slice(0, 2)) state.failed();
  expect(shares(all, 40).slice(0, 2)).toEqual([0, 0]);
  all[2]?.state.failed();
  expect(
    shares(all, 400)
      .slice(0, 3)
      .every((share) => share > 0),
  ).toBe(true);
});

test('for another try a healthy instance is preferred, and an unhealthy one is better than none', () => {
  const all = instances(1, 1, 1);
  const [first, second, third] = all as [RoutedInstance, RoutedInstance, RoutedInstance];
  first.state.failed();
  second.state.failed();
  const picker = new Picker(all, steps());
  expect(picker.pick(new Set([first]))).toBe(third);
  expect(picker.pick(new Set([first, third]))).toBe(second);
});

test('an address has one state, for as long as it is in use', () => {
  expect(states.at('10.0.0.1:80')).toBe(states.at('10.0.0.1:80'));
  expect(states.at('10.0.0.1:80')).not.toBe(states.at('10.0.0.2:80'));
});
