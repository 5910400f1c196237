import { expect, test } from 'vitest';
import { type Deployment, InstanceState, type InstanceStatus } from '../../proto/gen/micro/runtime/v1/runtime.ts';
import { deploymentJson, deploymentRows, describeLastEnd, instanceRow } from './deployment.ts';

const instance = (changes: Partial<InstanceStatus> = {}): InstanceStatus => ({
  id: 'node-1/1',
  version: 'v1',
  state: InstanceState.INSTANCE_STATE_READY,
  address: '127.0.0.1:5000',
  pid: 7,
  restarts: 1,
  startedUnixMs: 1n,
  reason: '',
  lastEnd: undefined,
  cpuCores: 0.25,
  memoryBytes: 1_572_864n,
  ...changes,
});
const looping = instance({
  id: 'node-1/2',
  state: InstanceState.INSTANCE_STATE_CRASH_LOOPING,
  reason: 'exited with code 3',
  address: '',
  pid: 0,
  startedUnixMs: 0n,
  lastEnd: { reason: 'exited with code 3', timeUnixMs: 1_767_225_600_000n, lines: ['no database', 'bye'] },
  cpuCores: undefined,
  memoryBytes: undefined,
});
const deployment = (...instances: InstanceStatus[]): Deployment => ({
  service: 'go.micro.api.clock',
  version: 'v1',
  source: '/src/clock',
  bundle: 'sha256:00',
  instancesWanted: 2,
  updatedUnixMs: 1_767_225_600_000n,
  instances,
  path: '/api/clock/',
  trouble: '',
  keptVersions: [],
});
const rowOf = (one: Deployment) => deploymentRows([one], () => url)[0] as Readonly<Record<string, string>>;
const url = 'http://127.0.0.1:8080/api/clock/';

test('a deployment is a line, whose figures are those of its instances together', () => {
  const { updated, ...row } = rowOf(deployment(instance(), instance()));
  expect(updated).toMatch(/^\d+d ago$/);
  expect(row).toEqual({
    name: 'go.micro.api.clock',
    version: 'v1',
    source: '/src/clock',
    instances: '2/2',
    status: 'ready',
    restarts: '2',
    cpu: '50%',
    memory: '3.0 MiB',
    url,
  });
});

test('what is amiss is its status', () => {
  const some = rowOf(deployment(instance(), looping, looping));
  expect([some['instances'], some['status']]).toEqual(['1/2', 'crash-looping: exited with code 3']);
  const none = rowOf({ ...deployment(), trouble: 'its bundle is gone\nfor good' });
  expect([none['status'], none['cpu'], none['memory']]).toEqual(['its bundle is gone', '', '']);
  expect(rowOf(deployment())['status']).toBe('starting');
});

test('a version on trial is a line beside that of its deployment, and all lines tell the weight then', () => {
  const canary = { version: 'v2', source: '/src/clock', bundle: 'sha256:02', instancesWanted: 1, percent: 10 };
  const onTrial = { ...deployment(instance(), instance(), instance({ version: 'v2' })), canary };
  const rows = deploymentRows([onTrial, { ...deployment(instance()), instancesWanted: 1 }], () => url);
  expect(rows.map((row) => [row['version'], row['weight'], row['instances'], row['status']])).toEqual([
    ['v1', '90%', '2/2', 'ready'],
    ['v2', '10%', '1/1', 'ready'],
    ['v1', '100%', '1/1', 'ready'],
  ]);
  expect(deploymentJson(onTrial, url)).toMatchObject({ version: 'v1', canary });
});

test('an instance is a line too, and how it ended is told below', () => {
  expect(instanceRow(looping)).toEqual({
    instance: 'node-1/2',
    version: 'v1',
    status: 'crash-looping: exited with code 3',
    restarts: '1',
    cpu: '',
    memory: '',
    started: '',
    address: '',
    pid: '',
  });
  expect(instanceRow(instance())).toMatchObject({ status: 'ready', cpu: '25%', memory: '1.5 MiB', pid: '7' });
  expect(describeLastEnd(instance())).toBeUndefined();
  expect(describeLastEnd(looping)).toMatch(
    /^node-1\/2 exited with code 3 \d+d ago; it printed last:\n {2}no database\n {2}bye$/,
  );
});

test('its JSON has numbers for figures, and null for what is not known', () => {
  expect(deploymentJson(deployment(instance(), looping), url)).toMatchObject({
    url,
    updated: '2026-01-01T00:00:00.000Z',
    canary: null,
    instances: [
      { state: 'ready', cpuCores: 0.25, memoryBytes: 1_572_864, lastEnd: null },
      {
        state: 'crash-looping',
        started: null,
        cpuCores: null,
        memoryBytes: null,
        lastEnd: { reason: 'exited with code 3', time: '2026-01-01T00:00:00.000Z', lines: ['no database', 'bye'] },
      },
    ],
  });
});
