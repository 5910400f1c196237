import { expect } from 'vitest';
import { type Deployment, pids } from '../harness/listings.ts';
import { isAlive } from '../harness/processes.ts';
import { samples } from '../harness/samples.ts';
import { test } from '../harness/test.ts';

test('services are back after the server was killed, and nothing is left of what it ran', async ({ start }) => {
  const first = await start();
  for (const args of [
    [samples.clock, '--instances', '2', '--env', 'TZ=UTC'],
    [samples.clock, '--name', 'sundial'],
  ]) {
    await first.succeed('run', ...args);
  }
  const before = await pids(first);
  expect(before).toHaveLength(3);

  await first.crash();
  expect(await Promise.all(before.map(isAlive))).toEqual([true, true, true]);

  const second = await start({ dataDir: first.dataDir });
  for (const path of ['/api/clock/time', '/api/sundial/time']) {
    await expect.poll(async () => (await fetch(second.url(path))).status, { timeout: 30_000 }).toBe(200);
  }
  await expect.poll(() => Promise.all(before.map(isAlive)), { timeout: 30_000 }).toEqual([false, false, false]);
  await expect
    .poll(async () => (await second.list<Deployment>('status')).map(({ instances }) => instances.length), {
      timeout: 30_000,
    })
    .toEqual([2, 1]);
  expect(second.token).toBe(first.token);
});

test('a server that is told to stop ends what it runs, and brings it back when it is started again', async ({
  start,
}) => {
  const first = await start();
  await first.run('run', samples.clock);
  const before = await pids(first);

  expect(await first.stop()).toBe(0);
  expect(await Promise.all(before.map(isAlive))).toEqual([false]);

  const second = await start({ dataDir: first.dataDir });
  await expect.poll(async () => (await fetch(second.url('/api/clock/time'))).status, { timeout: 30_000 }).toBe(200);
  const { stdout } = await second.run('logs', 'clock');
  expect(stdout).toContain('time is up');
});

test('a service that was killed stays away after a restart', async ({ start }) => {
  const first = await start();
  await first.run('run', samples.clock);
  await first.succeed('kill', 'clock');

  await first.crash();
  const second = await start({ dataDir: first.dataDir });
  expect(await second.list('status')).toEqual([]);
  expect((await fetch(second.url('/api/clock/time'))).status).toBe(404);
});
