import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Deployment } from './deployments.ts';
import { groupsOf } from './groups.ts';

const release = { version: 'v1', source: '/src', bundle: `sha256:${'0'.repeat(64)}`, environment: {} };
const deployment = { ...release, service: 'go.micro.service.a', updatedUnixMs: 0, history: [] };

test('instances of the only version have a weight of 1', () => {
  expect(groupsOf({ ...deployment, instances: 3 })).toEqual([{ release, instances: 3, weight: 1 }]);
});

test('the canary has its percent of all weights, in whole numbers that the route table takes', () => {
  const count = fc.integer({ min: 1, max: 64 });
  fc.assert(
    fc.property(count, count, fc.integer({ min: 1, max: 99 }), (instances, canaries, percent) => {
      const canary: Deployment['canary'] = { release: { ...release, version: 'v2' }, instances: canaries, percent };
      const [stable, trial] = groupsOf({ ...deployment, instances, canary });
      const weights = [stable?.weight ?? 0, trial?.weight ?? 0];
      for (const weight of weights) {
        expect(Number.isInteger(weight)).toBe(true);
        expect(weight).toBeGreaterThanOrEqual(1);
        expect(weight).toBeLessThanOrEqual(9999);
      }
      const [own, other] = [canaries * (weights[1] ?? 0), instances * (weights[0] ?? 0)];
      expect((100 * own) / (own + other)).toBeCloseTo(percent);
    }),
    { seed: 1, numRuns: 500 },
  );
});
