import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { ServiceMap } from './service-map.ts';
import type { RoutedService } from './table.ts';

interface Change {
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

const name = fc.integer({ min: 0, max: 60 }).map((index) => `go.micro.service.s${index}`);
const changes: fc.Arbitrary<Change[]> = fc.array(
  fc.record({ changed: fc.array(name, { maxLength: 5 }), removed: fc.array(name, { maxLength: 3 }) }),
  { maxLength: 60 },
);

const service = (name: string): RoutedService => ({ name }) as RoutedService;

test('after whatever changes it holds what a Map would, and the maps before it hold what they did', () => {
  fc.assert(
    fc.property(fc.uniqueArray(name), changes, (first, then) => {
      const expected = new Map(first.map((each) => [each, service(each)]));
      const seen = [{ map: ServiceMap.of(expected.values()), holds: new Map(expected) }];
      for (const { changed, removed } of then) {
        const services = changed.map(service);
        for (const each of removed) expected.delete(each);
        for (const each of services) expected.set(each.name, each);
        const map = (seen.at(-1) as (typeof seen)[0]).map.with(services, removed);
        seen.push({ map, holds: new Map(expected) });
      }
      for (const { map, holds } of seen) {
        const held = [...map];
        expect(held).toHaveLength(holds.size);
        for (const each of held) expect(each).toBe(holds.get(each.name));
        for (const each of holds.keys()) expect(map.get(each)).toBe(holds.get(each));
        for (const each of first) expect(map.has(each)).toBe(holds.has(each));
      }
      const [one, other] = [seen[Math.floor(seen.length / 2)], seen.at(-1)] as [(typeof seen)[0], (typeof seen)[0]];
      const differing = [...other.map.changesSince(one.map)].map(({ before, after }) => (after ?? before)?.name);
      const names = new Set([...one.holds.keys(), ...other.holds.keys()]);
      const expectedNames = [...names].filter((each) => one.holds.get(each) !== other.holds.get(each));
      expect(new Set(differing)).toEqual(new Set(expectedNames));
      expect(differing).toHaveLength(expectedNames.length);
    }),
    { seed: 10_000, numRuns: 200 },
  );
});
