import { expect, test } from 'vitest';
import type { Deployment, Release } from './deployments.ts';
import { historyAfter } from './release.ts';

const release = (version: string, environment: Readonly<Record<string, string>> = {}): Release => {
  return { version, source: '/src', bundle: `sha256:${'0'.repeat(64)}`, environment };
};
const deployment = (current: Release, history: Release[] = []): Deployment => {
  return { ...current, service: 'go.micro.service.a', instances: 1, updatedUnixMs: 0, history };
};

test('the first version has nothing to roll back to', () => {
  expect(historyAfter(undefined, release('v1'), 5)).toEqual([]);
});

test('as many versions are kept as asked for, newest first', () => {
  const before = deployment(release('v3'), [release('v2'), release('v1')]);
  expect(historyAfter(before, release('v4'), 3)).toEqual([release('v3'), release('v2')]);
});

test('a version that runs again stands in the history no more', () => {
  const before = deployment(release('v2'), [release('v1')]);
  expect(historyAfter(before, release('v1'), 5)).toEqual([release('v2')]);
  expect(historyAfter(before, release('v2'), 5)).toEqual([release('v1')]);
});

test('the same version in another environment is kept beside it', () => {
  expect(historyAfter(deployment(release('v1')), release('v1', { A: 'b' }), 5)).toEqual([release('v1')]);
});
