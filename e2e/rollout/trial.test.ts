import { join } from 'node:path';
import { expect } from 'vitest';
import { holdingServer } from '../drain/holding-service.ts';
import type { Deployment, Route, Service } from '../harness/listings.ts';
import { processesIn } from '../harness/processes.ts';
import { runUntil } from '../harness/run-until.ts';
import type { Server } from '../harness/server.ts';
import { test } from '../harness/test.ts';
import { release } from './release.ts';

const patience = { timeout: 60_000 };
const statusOf = async (server: Server): Promise<Deployment> =>
  (await server.list<Deployment>('status', 'hello'))[0] as Deployment;
const pidsOf = ({ instances }: Deployment, version: string): readonly number[] =>
  instances.filter((instance) => instance.version === version).map(({ pid }) => pid);
/** [version, percent of the calls, number of instances] of each route. */
const sharesOf = async (server: Server) =>
  (await server.list<Route>('routes', 'ls')).map(({ version, percent, instances }) => [
    version,
    percent,
    instances.length,
  ]);

test('a version on trial gets its share of the calls, however long it takes to answer', async ({ start, folder }) => {
  const server = await start();
  const source = await release(join(folder, 'hello'), 'v1');
  await server.succeed('run', source, '--instances', '4');
  await release(source, 'v2', { 'server.js': holdingServer('v2') });
  const said = await server.succeed('run', source, '--weight', '25');
  expect(said).toMatch(/hello v2 gets 25% of the calls beside v1: \S+\nend the trial with 'micro promote \S+hello' or/);

  const calls = 400;
  let tried = 0;
  for (let call = 0; call < calls; call += 1) {
    // The version on trial begins an answer and goes on with it when the test is over; the other answers at once.
    const response = await fetch(server.url('/service/hello/hold'));
    const { value } = (await response.body?.getReader().read()) ?? {};
    if (Buffer.from(value ?? []).toString() !== 'v1') tried += 1;
  }
  // Five times the standard deviation on either side.
  const allowed = 5 * Math.sqrt(calls * 0.25 * 0.75);
  expect(Math.abs(tried - calls * 0.25)).toBeLessThan(allowed);
});

test('both versions are shown side by side, until the trial is ended one way or the other', async ({
  server,
  folder,
}) => {
  const source = await release(join(folder, 'hello'), 'v1');
  await server.succeed('run', source, '--instances', '3');
  await release(source, 'v2');
  await server.succeed('run', source, '--weight', '40');
  const trial = await statusOf(server);
  expect(trial).toMatchObject({
    version: 'v1',
    instancesWanted: 3,
    canary: { version: 'v2', percent: 40, instancesWanted: 2 },
  });
  expect(await sharesOf(server)).toEqual([
    ['v1', 60, 3],
    ['v2', 40, 2],
  ]);
  expect(await server.succeed('routes', 'ls')).toMatch(/VERSION +WEIGHT +INSTANCES\n.* v1 +60% .*\n.* v2 +40% /);
  expect(await server.succeed('status')).toMatch(/hello +v1 +60% .* 3\/3 +ready .*\n.*hello +v2 +40% .* 2\/2 +ready /);
  const { stderr, exitCode } = await server.run('update', 'hello');
  expect([exitCode, stderr]).toEqual([1, expect.stringContaining('version v2 of go.micro.service.hello is on trial')]);

  await server.succeed('promote', 'hello');
  const promoted = await statusOf(server);
  expect(promoted).toMatchObject({ version: 'v2', instancesWanted: 3, canary: null, keptVersions: ['v1'] });
  expect(pidsOf(promoted, 'v2')).toEqual(expect.arrayContaining([...pidsOf(trial, 'v2')]));
  expect(await sharesOf(server)).toEqual([['v2', 100, 3]]);

  await release(source, 'v3');
  await server.succeed('run', source, '--weight', '1');
  expect(await sharesOf(server)).toEqual([
    ['v2', 99, 3],
    ['v3', 1, 1],
  ]);
  await server.succeed('rollback', 'hello');
  expect(pidsOf(await statusOf(server), 'v2')).toEqual(pidsOf(promoted, 'v2'));
  expect(await sharesOf(server)).toEqual([['v2', 100, 3]]);

  await server.succeed('run', source, '--weight', '10');
  await release(source, 'v4');
  await server.succeed('run', source);
  expect(await sharesOf(server)).toEqual([['v4', 100, 1]]);
  expect(await statusOf(server)).toMatchObject({ version: 'v4', canary: null, keptVersions: ['v2', 'v1'] });
});

test('a share that is none is refused before anything is done', async ({ server, folder }) => {
  const { stderr, exitCode } = await server.run('run', folder, '--weight', '100', '--instances', '2');
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(/--weight: "100" is not a number from 1 to 99.*\n +--instances: /);
});

/** What is killed at which of its steps, and the versions that may run then, each with its number of instances. */
const kills = [
  { command: ['run', '--weight', '50'], step: 'start', outcomes: ['v1:2', 'v1:2 v2:1'] },
  { command: ['run', '--weight', '50'], step: 'routed', outcomes: ['v1:2 v2:1'] },
  { command: ['promote', 'hello'], step: 'start', outcomes: ['v1:2 v2:1', 'v2:2'] },
  { command: ['promote', 'hello'], step: 'stop', outcomes: ['v2:2'] },
];

test('a server that is killed during a trial, its begin or its end, comes back as the store says', async ({
  start,
  folder,
}) => {
  let server = await start();
  const { dataDir } = server;
  const source = await release(join(folder, 'hello'), 'v1');
  await server.succeed('run', source, '--instances', '2');
  await release(source, 'v2');

  for (const { command, step, outcomes } of kills) {
    const args = command[0] === 'run' ? [...command, source] : command;
    const { ended } = await runUntil(server, args, step);
    await server.crash();
    await ended;
    const next = await start({ dataDir });
    server = next;
    const running = async () => {
      const { instances } = await statusOf(next);
      const ready = instances.filter(({ state }) => state === 'ready');
      if (ready.length !== instances.length) return 'not all are ready';
      const counts = ['v1', 'v2'].map((version) => [version, ready.filter((one) => one.version === version).length]);
      return counts.flatMap(([version, count]) => (count === 0 ? [] : `${version}:${count}`)).join(' ');
    };
    await expect.poll(async () => outcomes.includes(await running()), patience).toBe(true);
    const { canary, version } = await statusOf(next);
    expect(outcomes).toContain(canary === null ? `${version}:2` : `${version}:2 ${canary.version}:1`);
    const wanted = (await statusOf(next)).instances.length;
    await expect.poll(async () => (await processesIn(dataDir)).length, patience).toBe(wanted);
    const registered = await next.list<Service>('services', 'get', 'go.micro.service.hello');
    expect(registered.flatMap(({ instances }) => instances)).toHaveLength(wanted);
    if (canary !== null) {
      expect(await sharesOf(next)).toEqual([
        ['v1', 50, 2],
        ['v2', 50, 1],
      ]);
    }
  }
});
