import { expect } from 'vitest';
import type { Deployment } from '../harness/listings.ts';
import { startLoad } from '../harness/load.ts';
import { samples } from '../harness/samples.ts';
import { test } from '../harness/test.ts';
import { nextMessage, openWebSocket } from '../harness/websocket.ts';

test('every idempotent request is answered while an instance is killed', async ({ server }) => {
  await server.succeed('run', samples.clock, '--instances', '3');
  const load = startLoad(server.url('/api/clock/time'));
  await load.answers(100);

  const [clock] = await server.list<Deployment>('status', 'clock');
  const [victim] = clock?.instances ?? [];
  process.kill(victim?.pid ?? 0, 'SIGKILL');
  await load.answers(500);
  await expect
    .poll(async () => (await server.list<Deployment>('status', 'clock'))[0]?.instances, { timeout: 30_000 })
    .toSatisfy(
      (instances: Deployment['instances']) =>
        instances.every(({ state }) => state === 'ready') && instances.some(({ restarts }) => restarts === 1),
    );
  await load.answers(100);

  expect(Object.keys(await load.stop())).toEqual(['200']);
});

test('a WebSocket lives on while other services come and go', async ({ server }) => {
  await server.succeed('run', samples.chat);
  const socket = await openWebSocket(server.url('/web/chat/room'));
  const closed = new Promise<string>((resolve) => socket.once('close', (code) => resolve(`closed with ${code}`)));

  for (const args of [
    ['run', samples.clock, '--name', 'passer-by'],
    ['kill', 'passer-by'],
    ['kill', 'clock'],
  ]) {
    await server.succeed(...args);
    const heard = nextMessage(socket);
    socket.send(`still here after ${args[0]}`);
    expect(await Promise.race([heard, closed])).toBe(`still here after ${args[0]}`);
  }
  socket.close();
});

test('a WebSocket is closed when its own service is killed', async ({ start }) => {
  const server = await start({ flags: ['--instance-drain', '100ms'] });
  await server.succeed('run', samples.chat);
  const socket = await openWebSocket(server.url('/web/chat/room'));
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await server.succeed('kill', 'chat');
  expect(await closed).toBe(1001);
});
