import { expect } from 'vitest';
import { isAlive } from '../harness/processes.ts';
import { samples } from '../harness/samples.ts';
import { test } from '../harness/test.ts';

test('a server that was told to stop is not ready, still serves for its grace, and ends at once when told again', async ({
  start,
}) => {
  const server = await start({ flags: ['--drain-grace', '60m'] });
  await server.succeed('run', samples.clock);
  const url = server.url('/api/clock/time');
  expect((await fetch(url)).status).toBe(200);

  process.kill(server.pid, 'SIGTERM');
  const ready = () => fetch(`http://${server.addresses.admin}/readyz`);
  await expect.poll(async () => (await ready()).status).toBe(503);
  expect(await (await ready()).json()).toMatchObject({ status: 'stopping' });
  const answer = await fetch(url);
  expect([answer.status, answer.headers.get('connection')]).toEqual([200, 'close']);

  expect(await server.stop()).toBe(143);
});

test.for([['1'], ['2']])(
  'Ctrl-C ends a server with --workers %s without a grace',
  async ([workers = ''], { start }) => {
    const server = await start({ flags: ['--drain-grace', '60m', '--workers', workers] });
    expect((await fetch(server.url('/api/nobody/'))).status).toBe(404);
    process.kill(server.pid, 'SIGINT');
    await expect.poll(() => isAlive(server.pid), { timeout: 10_000 }).toBe(false);
  },
);
