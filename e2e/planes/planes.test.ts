import { join } from 'node:path';
import { expect } from 'vitest';
import { startInstance } from '../harness/instance.ts';
import { startLoad } from '../harness/load.ts';
import { pids } from '../harness/listings.ts';
import { isAlive } from '../harness/processes.ts';
import { register } from '../harness/register.ts';
import { samples } from '../harness/samples.ts';
import type { Server } from '../harness/server.ts';
import { test as base } from '../harness/test.ts';
import { watchRevision } from './watch-revision.ts';

interface Planes {
  readonly controlPlane: Server;
  readonly dataPlane: Server;
}

/** A test with both planes, each in a process of its own. */
const test = base.extend('planes', async ({ start }): Promise<Planes> => {
  const controlPlane = await start({ command: 'controlplane' });
  const { token, addresses } = controlPlane;
  const dataPlane = await start({
    command: 'dataplane',
    flags: ['--control', addresses.control],
    env: { MICRO_TOKEN: token },
  });
  await expect.poll(() => readiness(dataPlane), { timeout: 20_000 }).toBe(200);
  return { controlPlane, dataPlane };
});

test('a data plane routes to what another process runs, and client commands reach that through it', async ({
  planes,
}) => {
  const { dataPlane } = planes;
  const { stdout, stderr, exitCode } = await dataPlane.run('run', samples.clock);
  expect(exitCode, stderr).toBe(0);
  expect(stdout).toContain(dataPlane.url('/api/clock/'));
  expect((await fetch(dataPlane.url('/api/clock/time'))).status).toBe(200);

  const health = await dataPlane.run('health');
  expect(health.stdout).toContain(dataPlane.addresses.http);
});

test('no request is lost while the control plane is killed and started again, and no older table applied', async ({
  planes,
  start,
}) => {
  const { controlPlane, dataPlane } = planes;
  await using instance = await startInstance();
  await register(dataPlane, controlPlane.token, 'go.micro.service.steady', instance.address);
  const url = dataPlane.url('/service/steady/');
  await expect.poll(async () => (await fetch(url)).status).toBe(200);
  await dataPlane.succeed('run', samples.clock);
  const revisions = watchRevision(dataPlane);
  const load = startLoad(url);
  const loadOfOwn = startLoad(dataPlane.url('/api/clock/time'));
  await load.answers(200);

  const before = await pids(dataPlane);
  await controlPlane.crash();
  await load.answers(500);

  const { dataDir, addresses } = controlPlane;
  await start({ command: 'controlplane', dataDir, flags: ['--control', addresses.control] });
  const another = await startInstance('another');
  await expect
    .poll(
      () =>
        register(dataPlane, controlPlane.token, 'go.micro.service.another', another.address).then(
          () => 'registered',
          (error: Error) => error.message,
        ),
      { timeout: 30_000 },
    )
    .toBe('registered');
  await expect
    .poll(async () => (await fetch(dataPlane.url('/service/another/'))).status, { timeout: 10_000 })
    .toBe(200);
  await load.answers(200);
  // What the killed control plane ran has served until its successor did, and is ended now.
  await expect.poll(() => Promise.all(before.map(isAlive)), { timeout: 30_000 }).toEqual([false]);
  await loadOfOwn.answers(200);

  expect(Object.keys(await loadOfOwn.stop())).toEqual(['200']);
  expect(Object.keys(await load.stop())).toEqual(['200']);
  const seen = await revisions.stop();
  expect(seen.length).toBeGreaterThan(1);
  expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  await another[Symbol.asyncDispose]();
});

test('a data plane that is started while the control plane is away serves its last good table', async ({
  planes,
  start,
}) => {
  const { controlPlane, dataPlane } = planes;
  await using instance = await startInstance();
  await register(dataPlane, controlPlane.token, 'go.micro.service.steady', instance.address);
  await expect.poll(async () => (await fetch(dataPlane.url('/service/steady/'))).status).toBe(200);
  await dataPlane.stop();
  await controlPlane.crash();

  const again = await start({
    command: 'dataplane',
    dataDir: dataPlane.dataDir,
    flags: ['--control', controlPlane.addresses.control],
    env: { MICRO_TOKEN: controlPlane.token },
  });
  await expect.poll(async () => (await fetch(again.url('/service/steady/'))).status, { timeout: 10_000 }).toBe(200);
  expect(await readiness(again)).toBe(200);
});

test('a data plane without a token does not start, and says where it comes from', async ({ start, folder }) => {
  const dataDir = join(folder, 'no-token');
  await expect(start({ command: 'dataplane', dataDir, flags: ['--control', '127.0.0.1:1'] })).rejects.toThrow(
    /ended with 1:\s*micro: [^\n]*token[^\n]*MICRO_TOKEN/,
  );
});

test('a data plane with a wrong token serves nothing, and says why', async ({ planes, start }) => {
  const stranger = await start({
    command: 'dataplane',
    flags: ['--control', planes.controlPlane.addresses.control],
    env: { MICRO_TOKEN: 'wrong' },
  });
  await expect.poll(() => stranger.log(), { timeout: 10_000 }).toContain('refused the token');
  expect((await fetch(stranger.url('/service/steady/'))).status).toBe(503);
  expect(await readiness(stranger)).toBe(503);
});

/** The status of /readyz: 200 once a route table is served. */
async function readiness(dataPlane: Server): Promise<number> {
  return (await fetch(`http://${dataPlane.addresses.admin}/readyz`)).status;
}
