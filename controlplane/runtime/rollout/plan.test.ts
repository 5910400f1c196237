import { expect, test } from 'vitest';
import type { Instance } from '../instance/instance.ts';
import type { InstanceState } from '../instance/state.ts';
import type { Release } from './deployments.ts';
import { planOf } from './plan.ts';

const digest = (character: string) => `sha256:${character.repeat(64)}`;
const release: Release = { version: 'v2', source: '/src/hello', bundle: digest('2'), environment: { A: 'b' } };
const ready: InstanceState = {
  status: 'ready',
  protocol: 'http',
  process: { pid: 7, address: '127.0.0.1:8', startedUnixMs: 9, startTicks: 10 },
};

function running(number: number, changes: Partial<Instance['specification']> = {}, state: InstanceState = ready) {
  const specification: Instance['specification'] = {
    service: 'go.micro.service.hello',
    version: 'v2',
    bundle: digest('2'),
    number,
    command: { file: 'node', arguments: [], install: '' },
    folder: '/builds/2',
    environment: { A: 'b' },
    settings: { limits: {} },
    weight: 1,
    proven: true,
    ...changes,
  };
  const status = { id: `node-1/${number}`, version: 'v2', lastEnd: undefined, restarts: 0, state };
  return { specification, status };
}

test('instances that run as they should are kept, and nothing is started or stopped', () => {
  const [one, two] = [running(1), running(2)];
  expect(planOf([{ release, instances: 2, weight: 1 }], [one, two])).toEqual({
    keep: [
      { instance: one, weight: 1 },
      { instance: two, weight: 1 },
    ],
    start: [],
    stop: [],
  });
});

test.each([
  ['another version', { version: 'v1' }],
  ['another build', { bundle: digest('1') }],
  ['another environment', { environment: { A: 'c' } }],
])('one of %s is replaced', (_what, changes) => {
  const group = { release, instances: 1, weight: 1 };
  const other = running(1, changes);
  expect(planOf([group], [other])).toEqual({ keep: [], start: [{ group, count: 1 }], stop: [other] });
});

test('one that is not ready is replaced, and one that is being stopped is left to that', () => {
  const group = { release, instances: 1, weight: 1 };
  const starting = running(1, {}, { status: 'starting', process: undefined });
  const stopping = running(2, {}, { status: 'stopping', process: undefined });
  expect(planOf([group], [starting, stopping])).toEqual({ keep: [], start: [{ group, count: 1 }], stop: [starting] });
});

test('more are started beside those that run, and the ones of the highest numbers are stopped when fewer are wanted', () => {
  const all = [running(3), running(1), running(2)];
  const [three, one, two] = all;
  const more = { release, instances: 5, weight: 1 };
  expect(planOf([more], all)).toMatchObject({ start: [{ group: more, count: 2 }], stop: [] });
  const fewer = planOf([{ release, instances: 2, weight: 1 }], all);
  expect(fewer.keep.map(({ instance }) => instance)).toEqual([one, two]);
  expect(fewer).toMatchObject({ start: [], stop: [three] });
});

test('each of two versions keeps its own', () => {
  const trial = { ...release, version: 'v3', bundle: digest('3') };
  const [stable, canary] = [running(1), running(2, { version: 'v3', bundle: digest('3') })];
  const groups = [
    { release, instances: 1, weight: 9 },
    { release: trial, instances: 1, weight: 1 },
  ];
  expect(planOf(groups, [canary, stable])).toEqual({
    keep: [
      { instance: stable, weight: 9 },
      { instance: canary, weight: 1 },
    ],
    start: [],
    stop: [],
  });
});
