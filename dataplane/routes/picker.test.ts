import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Instance, Protocol } from '../../proto/gen/micro/routes/v1/routes.ts';
import { type InstanceState, InstanceStates } from './instance-state.ts';
import { Picker } from './picker.ts';
import type { RoutedInstance } from './table.ts';

/** Instances of these weights, of one version, whose time stands still. */
function instances(...weights: number[]): RoutedInstance[] {
  return instancesOf(...weights.map((weight) => ({ version: 'v1', weight })));
}

function instancesOf(...all: readonly { readonly version: string; readonly weight: number }[]): RoutedInstance[] {
  const states = new InstanceStates({ now: () => 0, random: () => 0 });
  return all.map(({ version, weight }, index) => ({
    name: `10.0.0.${index}:80`,
    version,
    address: { host: `10.0.0.${index}`, port: 80 },
    protocol: Protocol.PROTOCOL_HTTP1 satisfies Instance['protocol'],
    weight,
    state: states.at(`10.0.0.${index}:80`),
  }));
}

/** How often each instance is picked when `times` calls begin and none ends. */
function shares(all: readonly RoutedInstance[], times: number): number[] {
  const picker = new Picker(all, seeded());
  for (let call = 0; call < times; call += 1) {
    const instance = picker.pick();
    instance?.state.begin();
  }
  return all.map(({ state }) => state.callsInFlight);
}

/** Random numbers from 0 to 1, the same in every run (Mulberry32). */
function seeded(): () => number {
  let state = 1;
  return () => {
    state = (state + 0x6d_2b_79_f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
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
  expect(new Picker(instances(0, 0), seeded()).pick()).toBeUndefined();
  expect(new Picker([], seeded()).pick()).toBeUndefined();
});

test('an instance that was tried is not picked again', () => {
  const all = instances(1, 1, 1);
  const picker = new Picker(all, seeded());
  const tried = new Set<InstanceState>();
  for (const _ of all) {
    const instance = picker.pick(tried);
    expect(instance).toBeDefined();
    if (instance) tried.add(instance.state);
  }
  expect(tried.size).toBe(3);
  expect(picker.pick(tried)).toBeUndefined();
});

test('calls that end at once are spread by weight too', () => {
  const all = instances(1, 3, 6);
  const picker = new Picker(all, seeded());
  const picks = Array.from({ length: 10_000 }, () => picker.pick());
  const [first, second, third] = all.map((instance) => picks.filter((pick) => pick === instance).length);
  expect(first).toBeGreaterThan(900);
  expect(first).toBeLessThan(1_100);
  expect(second).toBeGreaterThan(2_800);
  expect(second).toBeLessThan(3_200);
  expect(third).toBeGreaterThan(5_800);
});

test('of two instances the less loaded one is always found', () => {
  const all = instances(1, 1);
  const [busy, idle] = all;
  busy?.state.begin();
  const picker = new Picker(all, seeded());
  for (let call = 0; call < 1_000; call += 1) expect(picker.pick()).toBe(idle);
});

const weights = fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 2, maxLength: 10 });

test('an instance that alone has calls in flight is not picked, whatever the weights and chances', () => {
  const chances = fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }));
  fc.assert(
    fc.property(weights, chances, (some, chance) => {
      const all = instances(...some);
      const [busy, ...idle] = all as [RoutedInstance, ...RoutedInstance[]];
      busy.state.begin();
      const picker = new Picker(all, () => chance.next().value as number);
      for (let call = 0; call < 50; call += 1) expect(idle).toContain(picker.pick());
    }),
  );
});

test('calls in flight follow the weights, whatever these are', () => {
  const callsPerWeight = 20;
  fc.assert(
    fc.property(weights, (some) => {
      const total = some.reduce((sum, weight) => sum + weight, 0);
      shares(instances(...some), callsPerWeight * total).forEach((share, index) => {
        expect(share / (some[index] as number)).toBeLessThan(callsPerWeight * 1.25);
      });
    }),
    { numRuns: 50 },
  );
});

const version = fc.record({ count: fc.integer({ min: 1, max: 5 }), weight: fc.integer({ min: 1, max: 100 }) });

test('each version gets its share of calls that overlap, however slow one is', () => {
  const calls = 4_000;
  const versions = fc.array(version, { minLength: 2, maxLength: 4 });
  // How many calls later a call to the first version ends: it is slow, and the others answer at once.
  const slowness = fc.integer({ min: 0, max: 1_000 });
  fc.assert(
    fc.property(versions, slowness, (some, later) => {
      const names = some.flatMap(({ count, weight }, index) =>
        Array.from({ length: count }, () => ({ version: `v${index}`, weight })),
      );
      const all = instancesOf(...names);
      const picker = new Picker(all, seeded());
      const inFlight: RoutedInstance[] = [];
      const picks = new Map<string, number>();
      for (let call = 0; call < calls; call += 1) {
        const instance = picker.pick() as RoutedInstance;
        picks.set(instance.version, (picks.get(instance.version) ?? 0) + 1);
        if (instance.version !== 'v0') continue;
        instance.state.begin();
        inFlight.push(instance);
        if (inFlight.length > later) inFlight.shift()?.state.end();
      }
      const total = all.reduce((sum, { weight }) => sum + weight, 0);
      some.forEach(({ count, weight }, index) => {
        const share = (count * weight) / total;
        // Five times the standard deviation of as many draws.
        const allowed = 5 * Math.sqrt(calls * share * (1 - share));
        expect(Math.abs((picks.get(`v${index}`) ?? 0) - calls * share)).toBeLessThan(allowed);
      });
    }),
    { seed: 1, numRuns: 50 },
  );
});

test('within a version calls go to the less loaded instance, whatever is in flight at another version', () => {
  const all = instancesOf({ version: 'v1', weight: 1 }, { version: 'v2', weight: 1 }, { version: 'v1', weight: 1 });
  const [busy, other, idle] = all;
  busy?.state.begin();
  for (let call = 0; call < 10; call += 1) other?.state.begin();
  const picker = new Picker(all, seeded());
  const picks = Array.from({ length: 3_000 }, () => picker.pick());
  expect(picks).not.toContain(busy);
  expect(picks.filter((pick) => pick === idle).length).toBeGreaterThan(1_900);
});

test('the calls of a version that fails go to the other', () => {
  const all = instancesOf({ version: 'v1', weight: 9 }, { version: 'v2', weight: 1 });
  const [stable, trial] = all;
  stable?.state.failed('connect');
  const picker = new Picker(all, seeded());
  for (let call = 0; call < 100; call += 1) expect(picker.pick()).toBe(trial);
});

test.each([
  [1, 1, 'still gets calls'],
  [2, 1, 'gets none'],
  [3, 1, 'gets none'],
  [4, 2, 'gets none'],
  [5, 2, 'gets none'],
  [2, 2, 'still gets calls'],
  [3, 2, 'still gets calls'],
  [4, 3, 'still gets calls'],
  [5, 3, 'still gets calls'],
])('of %i instances %i failed: a failed one %s', (count, failed, outcome) => {
  const all = instances(...Array.from({ length: count }, () => 1));
  for (const { state } of all.slice(0, failed)) state.failed('connect');
  const toFailed = shares(all, 400).slice(0, failed);
  expect(toFailed.every((calls) => (outcome === 'gets none' ? calls === 0 : calls > 0))).toBe(true);
});

test('whichever fail, at least half of the instances get calls, and none of them more than twice its share', () => {
  const calls = 10_000;
  const failing = fc.array(fc.boolean(), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(failing, (some) => {
      const all = instances(...some.map(() => 1));
      all.forEach(({ state }, index) => {
        if (some[index]) state.failed('connect');
      });
      const picker = new Picker(all, seeded());
      const picks = new Map(all.map((instance) => [instance, 0]));
      for (let call = 0; call < calls; call += 1) {
        const instance = picker.pick() as RoutedInstance;
        picks.set(instance, (picks.get(instance) ?? 0) + 1);
      }
      const counts = [...picks.values()];
      expect(counts.filter((count) => count > 0).length).toBeGreaterThanOrEqual(all.length / 2);
      expect(Math.max(...counts)).toBeLessThan((2.3 * calls) / all.length);
    }),
    { numRuns: 50 },
  );
});

test('an instance of which more than half of a service failed is picked only beside another that did', () => {
  const all = instances(1, 1, 1);
  const [first, second, healthy] = all as [RoutedInstance, RoutedInstance, RoutedInstance];
  first.state.failed('connect');
  second.state.failed('connect');
  for (let call = 0; call < 10; call += 1) healthy.state.begin();
  const picker = new Picker(all, seeded());
  const picks = Array.from({ length: 3_000 }, () => picker.pick());
  expect(picks.filter((pick) => pick === healthy).length).toBeGreaterThan(1_900);
});

test('for another try a healthy instance is preferred, and an unhealthy one is better than none', () => {
  const all = instances(1, 1, 1);
  const [first, second, third] = all as [RoutedInstance, RoutedInstance, RoutedInstance];
  first.state.failed('connect');
  second.state.failed('connect');
  const picker = new Picker(all, seeded());
  expect(picker.pick(new Set([first.state]))).toBe(third);
  expect(picker.pick(new Set([first.state, third.state]))).toBe(second);
});

test('an instance whose check failed is avoided until it passes', () => {
  const all = instances(1, 1);
  all[0]?.state.checkFailed();
  expect(shares(all, 10)).toEqual([0, 10]);
  all[0]?.state.checkPassed();
  expect(shares(all, 10)).toEqual([10, 10]);
});

test('an address has one state, for as long as it is in use', () => {
  const states = new InstanceStates();
  expect(states.at('10.0.0.1:80')).toBe(states.at('10.0.0.1:80'));
  expect(states.at('10.0.0.1:80')).not.toBe(states.at('10.0.0.2:80'));
});
