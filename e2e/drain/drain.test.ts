import { once } from 'node:events';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Deployment, Route } from '../harness/listings.ts';
import { isAlive } from '../harness/processes.ts';
import type { Server, StartOptions } from '../harness/server.ts';
import { test } from '../harness/test.ts';
import { openWebSocket } from '../harness/websocket.ts';
import { heldAnswer, writeHoldingService } from './holding-service.ts';

type Start = (options?: Partial<StartOptions>) => Promise<Server>;

/** Ways to start both planes; each returns the server that calls go through. */
const planes: Readonly<Record<string, (start: Start) => Promise<Server>>> = {
  'one process': (start) => start(),
  async 'two processes'(start) {
    const { addresses, token } = await start({ command: 'controlplane' });
    const flags = ['--control', addresses.control];
    const dataPlane = await start({ command: 'dataplane', flags, env: { MICRO_TOKEN: token } });
    await expect
      .poll(async () => (await fetch(`http://${dataPlane.addresses.admin}/readyz`)).status, { timeout: 20_000 })
      .toBe(200);
    return dataPlane;
  },
};

test.for(Object.keys(planes))(
  'calls in flight are answered whole by a service that knows no SIGTERM, in %s',
  async (name, { start, folder }) => {
    const server = (await planes[name]?.(start)) as Server;
    const source = await writeHoldingService(join(folder, 'service'), 'one');
    await server.succeed('run', source, '--name', 'holding');
    const [one] = await instancesOf(server);

    const heldByOne = await hold(server);
    await writeHoldingService(source, 'two');
    const run = server.run('run', source, '--name', 'holding');
    await expect.poll(() => routedTo(server), { timeout: 30_000 }).not.toContain(one?.address);
    expect(await (await fetch(server.url('/service/holding/'))).text()).toBe('two');
    const [old, two] = await instancesOf(server);
    expect([old?.state, two?.state]).toEqual(['stopping', 'ready']);
    await release(one);
    expect(await heldByOne()).toEqual(Array.from({ length: 8 }, () => heldAnswer('one')));
    const ran = await run;
    expect(ran.exitCode, ran.stderr).toBe(0);
    expect(ran.stderr).toContain('stop    1 instance of before, once the calls in flight are done');
    expect(await isAlive(one?.pid ?? 0)).toBe(false);

    const heldByTwo = await hold(server);
    const kill = server.run('kill', 'holding');
    await expect.poll(() => routedTo(server), { timeout: 30_000 }).toEqual([]);
    await release(two);
    expect(await heldByTwo()).toEqual(Array.from({ length: 8 }, () => heldAnswer('two')));
    const killed = await kill;
    expect(killed).toMatchObject({ exitCode: 0, stdout: 'go.micro.service.holding is stopped' });
    expect(await isAlive(two?.pid ?? 0)).toBe(false);
  },
);

test('a WebSocket holds up the end of its service no longer than --instance-drain says', async ({ start, folder }) => {
  const server = await start({ flags: ['--instance-drain', '1s'] });
  await server.succeed('run', await writeHoldingService(join(folder, 'service'), 'one'), '--name', 'holding');
  const socket = await openWebSocket(server.url('/service/holding/'));
  const closed = once(socket, 'close');
  await server.succeed('kill', 'holding');
  expect((await closed)[0]).toBe(1006);
  expect(server.log()).toContain('an instance is told to stop with calls in flight');
});

/** Sends eight requests that the service holds. Returns what waits for their answers. */
async function hold(server: Server): Promise<() => Promise<readonly string[]>> {
  const url = server.url('/service/holding/hold');
  const begun = await Promise.all(Array.from({ length: 8 }, () => fetch(url)));
  return () => Promise.all(begun.map((response) => response.text()));
}

/** Asks the instance itself: it is not routed to any more. */
async function release(instance: Instance | undefined): Promise<void> {
  await fetch(`http://${instance?.address}/release`);
}

type Instance = Deployment['instances'][number];

async function instancesOf(server: Server): Promise<readonly Instance[]> {
  return (await server.list<Deployment>('status', 'holding'))[0]?.instances ?? [];
}

/** The addresses in the route table. */
async function routedTo(server: Server): Promise<readonly string[]> {
  return (await server.list<Route>('routes', 'ls')).flatMap(({ instances }) => instances);
}
