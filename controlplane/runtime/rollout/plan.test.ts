import { expect, test } from 'vitest';
import type { Instance } from '../instance/instance.ts';
import { allReady } from './deployer.ts';
import type { Deployment } from './deployments.ts';

const deployment: Deployment = {
  service: 'go.micro.service.hello',
  version: 'v2',
  source: '/src/hello',
  bundle: 'sha256:02',
  instances: 1,
  environment: { A: 'b' },
  updatedUnixMs: 0,
  history: [],
};
const specification: Instance['specification'] = {
  service: deployment.service,
  version: 'v2',
  number: 1,
  command: { file: 'node', arguments: [], install: '' },
  folder: '/builds/02',
  environment: { A: 'b' },
  settings: { limits: {} },
  proven: true,
};
const running = (changes: Partial<Instance['specification']>): Pick<Instance, 'specification' | 'status'> => ({
  specification: { ...specification, ...changes },
  status: {
    id: 'node-1/1',
    version: 'v2',
    lastEnd: undefined,
    restarts: 0,
    state: {
      status: 'ready',
      protocol: 'http',
      process: { pid: 7, address: '127.0.0.1:8', startedUnixMs: 9, startTicks: 10 },
    },
  },
});

test('instances that are ready are what is wanted', () => {
  expect(allReady([running({})], deployment, '/builds/02')).toBe(true);
});

test.each([
  ['another version', { version: 'v1' }],
  ['another build', { folder: '/builds/01' }],
  ['another environment', { environment: { A: 'c' } }],
])('ready instances of %s are not what is wanted', (_what, changes) => {
  expect(allReady([running(changes)], deployment, '/builds/02')).toBe(false);
});
