import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { connectEtcd } from '../../etcd/client/connect.ts';
import { type RealEtcd, startRealEtcd } from '../../etcd/contract/real-etcd.ts';
import { deploymentsPrefix } from '../keys.ts';
import { type Deployment, type Deployments, openDeployments } from './deployments.ts';

let etcd: RealEtcd;
let client: ReturnType<typeof connectEtcd>;
let deployments: Deployments;
let warned: string[];
beforeAll(async () => {
  etcd = await startRealEtcd();
  client = connectEtcd({ hosts: [etcd.host] });
});
afterAll(async () => {
  client.close();
  await etcd.stop();
});
beforeEach(async () => {
  await client.delete().all();
  warned = [];
  deployments = openDeployments({ client, log: pino({}, { write: (line) => void warned.push(line) }) });
});

const deployment: Deployment = {
  service: 'go.micro.service.hello',
  version: 'v1',
  source: '/src/hello',
  bundle: `sha256:${'0'.repeat(64)}`,
  instances: 1,
  environment: { A: 'b' },
  updatedUnixMs: 1,
  history: [],
};

test('a deployment is written over the one that was read, and over no other', async () => {
  const revision = await deployments.put(deployment, undefined);
  const stored = await deployments.get(deployment.service);
  expect(stored).toEqual({ deployment, revision });
  const newer = { ...deployment, version: 'v2' };
  expect(await deployments.put(newer, stored)).toBe(revision + 1n);
  const conflict = { code: 'conflict', message: expect.stringContaining('was changed by somebody else') };
  await expect(deployments.put(deployment, stored)).rejects.toMatchObject(conflict);
  await expect(deployments.put(deployment, undefined)).rejects.toMatchObject(conflict);
  expect((await deployments.get(deployment.service))?.deployment).toEqual(newer);
});

test('one that an older server wrote has no history', async () => {
  const { history: _, ...older } = deployment;
  await client.put(`${deploymentsPrefix}${deployment.service}`).value(JSON.stringify(older));
  expect((await deployments.get(deployment.service))?.deployment).toEqual(deployment);
});

test('they are listed by name, and gone when they are removed', async () => {
  const other = { ...deployment, service: 'go.micro.api.hello' };
  await deployments.put(deployment, undefined);
  await deployments.put(other, undefined);
  expect((await deployments.list()).map((stored) => stored.deployment)).toEqual([other, deployment]);
  expect(await deployments.services()).toEqual([other.service, deployment.service]);
  await deployments.remove(other.service);
  expect(await deployments.services()).toEqual([deployment.service]);
  expect(await deployments.get(other.service)).toBeUndefined();
});

test.each([
  ['no JSON', '{'],
  ['of another form', '{"service":"go.micro.service.hello"}'],
  ['with the name of another key', JSON.stringify({ ...deployment, service: 'go.micro.service.other' })],
  ['with a name that leads elsewhere', JSON.stringify({ ...deployment, service: '../../etc' })],
])('one that is %s is passed over with a warning, and stays in the store', async (_, value) => {
  const key = `${deploymentsPrefix}${deployment.service}`;
  await client.put(key).value(value);
  expect(await deployments.list()).toEqual([]);
  expect(warned.join()).toContain(key);
  await expect(deployments.get(deployment.service)).rejects.toMatchObject({
    code: 'failed',
    message: expect.stringContaining(`remove it with \`micro kill ${deployment.service}\``),
  });
  expect(await deployments.services()).toEqual([deployment.service]);
  expect(await client.get(key)).toBe(value);
});
