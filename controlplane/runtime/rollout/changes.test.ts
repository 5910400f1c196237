import { expect, test } from 'vitest';
import { promoted, rolledBack, withRelease, withTrial } from './changes.ts';
import type { Deployment, Release } from './deployments.ts';

const service = 'go.micro.service.a';
const change = { unixMs: 7, versions: 3 };
const release = (version: string, environment: Readonly<Record<string, string>> = {}): Release => ({
  version,
  source: '/src',
  bundle: `sha256:${version.replace(/\D/g, '').padStart(64, '0')}`,
  environment,
});
const after = (...versions: readonly string[]): Deployment =>
  versions.reduce<Deployment | undefined>(
    (before, version) => withRelease(before, { service, release: release(version), instances: 4 }, change),
    undefined,
  ) as Deployment;
const versionsOf = ({ version, history }: Deployment): readonly string[] => [
  version,
  ...history.map((one) => one.version),
];

test('a release takes the place of the one before, which can be rolled back to', () => {
  expect(versionsOf(after('v1', 'v2', 'v3', 'v4'))).toEqual(['v4', 'v3', 'v2']);
});

test('a rollback brings back the version before, or the one that is named; another brings back what was rolled back', () => {
  const before = after('v1', 'v2', 'v3');
  const back = rolledBack(before, undefined, change);
  expect(versionsOf(back)).toEqual(['v2', 'v3', 'v1']);
  expect(versionsOf(rolledBack(back, undefined, change))).toEqual(['v3', 'v2', 'v1']);
  expect(versionsOf(rolledBack(before, 'v1', change))).toEqual(['v1', 'v3', 'v2']);
  expect(back).toMatchObject({ instances: 4, updatedUnixMs: 7 });
});

test('a rollback to what is not kept names what is', () => {
  expect(() => rolledBack(after('v1', 'v2', 'v3'), 'v9', change)).toThrow(
    'version v9 of go.micro.service.a is not kept; these are: v2, v1',
  );
  expect(() => rolledBack(after('v1'), undefined, change)).toThrow('no version of go.micro.service.a from before v1');
});

test('a trial has its percent of the instances, rounded up, and changes nothing else', () => {
  const before = after('v1', 'v2');
  const trial = withTrial(before, { release: release('v3'), percent: 30 }, change);
  expect(trial).toEqual({ ...before, canary: { release: release('v3'), percent: 30, instances: 2 } });
  expect(withTrial(trial, { release: release('v4'), percent: 1 }, change).canary).toMatchObject({
    release: { version: 'v4' },
    instances: 1,
  });
});

test('a trial ends with what was on trial, with what was not, or with something else', () => {
  const trial = withTrial(after('v1', 'v2'), { release: release('v3'), percent: 30 }, change);
  const endings = [
    promoted(trial, change),
    rolledBack(trial, undefined, change),
    rolledBack(trial, 'v2', change),
    rolledBack(trial, 'v1', change),
    withRelease(trial, { service, release: release('v4'), instances: 4 }, change),
  ];
  expect(endings.map(versionsOf)).toEqual([
    ['v3', 'v2', 'v1'],
    ['v2', 'v1'],
    ['v2', 'v1'],
    ['v1', 'v2'],
    ['v4', 'v2', 'v1'],
  ]);
  for (const ending of endings) expect(ending).not.toHaveProperty('canary');
  expect(endings[0]?.instances).toBe(4);
});

test('what cannot be tried or promoted is refused', () => {
  const before = after('v1');
  const tryOut = (one: Release) => () => withTrial(before, { release: one, percent: 10 }, change);
  expect(tryOut(release('v1'))).toThrow('version v1 of go.micro.service.a runs already, and gets all calls');
  expect(tryOut(release('v1', { A: 'b' }))).toThrow('is called v1 too, and the two could not be told apart');
  expect(() => promoted(before, change)).toThrow('no version of go.micro.service.a is on trial');
});
