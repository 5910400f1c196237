import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import type { Orphans } from '../instance/orphans.ts';
import type { Deployer } from './deployer.ts';
import type { Deployment } from './deployments.ts';
import { Lanes } from './lanes.ts';
import { Restorer } from './restorer.ts';

const deployment: Deployment = {
  service: 'go.micro.api.a',
  version: 'v1',
  source: '/src',
  bundle: `sha256:${'0'.repeat(64)}`,
  environment: {},
  instances: 1,
  updatedUnixMs: 0,
  history: [],
};

test('many services are restored side by side without a warning on the terminal', async () => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error) => void warnings.push(warning);
  process.on('warning', onWarning);
  onTestFinished(() => void process.off('warning', onWarning));

  const ended: string[] = [];
  const restorer = new Restorer({
    deployer: { restore: async () => [] } as unknown as Deployer,
    lanes: new Lanes(),
    orphans: { numbersOf: () => [1], end: async (service: string) => void ended.push(service) } as unknown as Orphans,
    limits: { readyTimeoutMs: 1_000, reconnectMs: 10 },
    stopping: new AbortController().signal,
    log: pino({ level: 'silent' }),
  });
  const services = Array.from({ length: 20 }, (_, index) => `go.micro.api.s${index}`);
  await restorer.restore(services.map((service) => ({ ...deployment, service })));

  expect(ended).toHaveLength(20);
  expect(warnings).toEqual([]);
});
