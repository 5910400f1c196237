import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { parseTcpAddress } from '../../proto/channel/address.ts';
import { runMicro } from '../harness/command.ts';
import { startInstance } from '../harness/instance.ts';
import { startLoad } from '../harness/load.ts';
import { isAlive } from '../harness/processes.ts';
import { register } from '../harness/register.ts';
import { samples } from '../harness/samples.ts';
import type { Server } from '../harness/server.ts';
import { test as base } from '../harness/test.ts';
import { metric, readyWorkers, socketsOf, workersOf } from './workers.ts';

const two = ['--workers', '2'];

/** A test with an instance of `go.micro.service.steady`, which the test's own server routes to. */
const test = base.extend('pair', async ({ start }, { onCleanup }): Promise<Server> => {
  const instance = await startInstance();
  onCleanup(() => instance[Symbol.asyncDispose]());
  const server = await start({ flags: two });
  await register(server, server.token, 'go.micro.service.steady', instance.address);
  await expect.poll(async () => (await fetch(server.url('/service/steady/'))).status).toBe(200);
  return server;
});

/** A connection that was answered once and is kept. */
async function keptConnection(server: Server): Promise<Socket> {
  const { host, port } = parseTcpAddress(server.addresses.http);
  const socket = connect(port, host);
  onTestFinished(() => {
    socket.destroy();
  });
  socket.on('error', () => undefined);
  await ask(socket);
  return socket;
}

/** The first line of the next answer. */
async function ask(socket: Socket): Promise<string> {
  socket.write('GET /service/steady/ HTTP/1.1\r\nHost: test\r\n\r\n');
  const [answer] = (await once(socket, 'data')) as [Buffer];
  return answer.toString().split('\r\n')[0] ?? '';
}

/** Opens connections until each worker has some of them. */
async function connectionsToEach(server: Server, pids: readonly number[]): Promise<readonly Socket[]> {
  const before = await Promise.all(pids.map(socketsOf));
  const sockets: Socket[] = [];
  await expect
    .poll(async () => {
      sockets.push(...(await Promise.all(Array.from({ length: 4 }, () => keptConnection(server)))));
      const now = await Promise.all(pids.map(socketsOf));
      return now.every((count, index) => count > (before[index] ?? 0) + 1);
    })
    .toBe(true);
  return sockets;
}

test('two processes serve one port, and their metrics are one', async ({ pair: server }) => {
  const pids = await workersOf(server);
  expect(pids).toHaveLength(2);
  await connectionsToEach(server, pids);

  const before = await metric(server, 'micro_service_requests_total', 'steady');
  await Promise.all(Array.from({ length: 300 }, async () => (await fetch(server.url('/service/steady/'))).text()));
  await expect.poll(() => metric(server, 'micro_service_requests_total', 'steady')).toBe(before + 300);

  expect(await readyWorkers(server)).toBe(2);
  const { stdout } = await server.run('health');
  expect(stdout.match(/\/[12] +127\.0\.0\.1:\d+ +\d+ +in step/g)).toHaveLength(2);
});

test('a worker that is killed under load comes back, other connections feel nothing, and no counter goes back', async ({
  pair: server,
}) => {
  const [killed = 0, other = 0] = await workersOf(server);
  const sockets = await connectionsToEach(server, [killed, other]);
  const load = startLoad(server.url('/service/steady/'));
  const counts: number[] = [];
  const watching = new AbortController();
  const watched = (async () => {
    while (!watching.signal.aborted) counts.push(await metric(server, 'micro_service_requests_total', 'steady'));
  })();
  await load.answers(200);
  process.kill(killed, 'SIGKILL');
  await expect.poll(() => sockets.some(({ closed }) => closed), { timeout: 10_000 }).toBe(true);
  await load.answers(200);
  await expect.poll(() => readyWorkers(server), { timeout: 10_000 }).toBe(2);
  await load.answers(200);
  watching.abort();
  await watched;

  const kept = sockets.filter(({ closed }) => !closed);
  expect(kept.length).toBeGreaterThan(0);
  expect(new Set(await Promise.all(kept.map(ask)))).toEqual(new Set(['HTTP/1.1 200 OK']));
  const pids = await workersOf(server);
  expect(pids).toHaveLength(2);
  expect(pids).toContain(other);
  expect(pids).not.toContain(killed);
  expect(counts).toEqual(counts.toSorted((a, b) => a - b));
  expect(server.log()).toContain('a worker ended; it is started again at once');

  // The connections of the load that it had were lost with it; nobody was refused, and nobody met a worker without routes.
  const { 200: answered = 0, ...lost } = await load.stop();
  expect(answered).toBeGreaterThan(500);
  expect(Object.keys(lost).filter((outcome) => !['ECONNRESET', 'UND_ERR_SOCKET'].includes(outcome))).toEqual([]);
  expect(Object.values(lost).reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(8);
});

test('no request is lost while a service is replaced', async ({ start }) => {
  const server = await start({ flags: two });
  await server.succeed('run', samples.clock);
  const load = startLoad(server.url('/api/clock/time'));
  await load.answers(200);
  await server.succeed('run', samples.clock, '--instances', '2');
  await load.answers(200);
  await server.succeed('run', samples.clock, '--instances', '1', '--env', 'GREETING=again');
  await load.answers(200);
  expect(Object.keys(await load.stop())).toEqual(['200']);
});

test('no worker is left when the server is killed', async ({ pair: server }) => {
  const pids = await workersOf(server);
  await server.crash();
  await expect.poll(() => Promise.all(pids.map(isAlive)), { timeout: 10_000 }).toEqual([false, false]);
});

test('a stop lets a request in flight finish in its worker', async ({ start }) => {
  const begun: ServerResponse[] = [];
  const instance = createServer((_, response) => {
    response.write('begun ');
    begun.push(response);
  }).listen(0, '127.0.0.1');
  onTestFinished(() => {
    instance.close();
  });
  await once(instance, 'listening');
  const server = await start({ flags: two });
  const { port } = instance.address() as AddressInfo;
  await register(server, server.token, 'go.micro.service.slow', `127.0.0.1:${port}`);
  await expect.poll(async () => (await server.run('routes', 'ls')).stdout).toContain('slow');
  const answer = fetch(server.url('/service/slow/')).then((response) => response.text());
  await expect.poll(() => begun.length).toBe(1);
  const pids = await workersOf(server);

  const stopped = server.stop();
  await expect
    .poll(() => fetch(server.url('/service/nobody/')).catch((error: Error) => error.message))
    .toBe('fetch failed');
  begun[0]?.end('and finished');
  expect(await answer).toBe('begun and finished');
  expect(await stopped).toBe(0);
  expect(await Promise.all(pids.map(isAlive))).toEqual([false, false]);
});

test('a worker that is started again while the control plane is away serves from the last good table', async ({
  start,
}) => {
  await using instance = await startInstance();
  const controlPlane = await start({ command: 'controlplane' });
  const dataPlane = await start({
    command: 'dataplane',
    flags: ['--control', controlPlane.addresses.control, ...two],
    env: { MICRO_TOKEN: controlPlane.token },
  });
  await register(dataPlane, controlPlane.token, 'go.micro.service.steady', instance.address);
  await expect.poll(async () => (await fetch(dataPlane.url('/service/steady/'))).status).toBe(200);
  // It is written about a second after the table before it.
  const lastGood = () => readFile(join(dataPlane.dataDir, 'routes.last-good'), 'latin1');
  await expect.poll(lastGood, { timeout: 10_000 }).toContain('go.micro.service.steady');
  await controlPlane.crash();
  const before = await workersOf(dataPlane);
  const load = startLoad(dataPlane.url('/service/steady/'));
  for (const pid of before) {
    process.kill(pid, 'SIGKILL');
    await expect.poll(() => readyWorkers(dataPlane), { timeout: 20_000 }).toBe(2);
  }
  await load.answers(200);
  const outcomes = Object.keys(await load.stop());
  expect(outcomes.filter((outcome) => !['200', 'ECONNRESET', 'UND_ERR_SOCKET'].includes(outcome))).toEqual([]);
});

test('lines of the access log of several workers are whole, on stdout and in a file', async ({ start, folder }) => {
  const file = join(folder, 'access.log');
  for (const target of ['stdout', file]) {
    const server = await start({ flags: [...two, '--access-log', target] });
    const long = 'x'.repeat(8_000);
    const ids = Array.from({ length: 60 }, (_, index) => `e2e-${index}`);
    await Promise.all(
      ids.map((id) => fetch(server.url(`/service/nobody/${long}`), { headers: { 'x-request-id': id } })),
    );
    const lines = async () => (target === file ? await readFile(file, 'utf8') : server.log()).split('\n');
    const logged = async () => (await lines()).filter((line) => line.startsWith('{') && line.includes('"access"'));
    await expect.poll(async () => (await logged()).length).toBe(60);
    const found = (await logged()).map((line) => (JSON.parse(line) as { requestId: string }).requestId);
    expect(found.toSorted()).toEqual(ids.toSorted());
  }
});

test('the token is neither in the arguments nor in the environment of a worker', async ({ start }) => {
  const { token, addresses } = await start({ command: 'controlplane' });
  const flags = ['--control', addresses.control, ...two];
  const dataPlane = await start({ command: 'dataplane', flags, env: { MICRO_TOKEN: token } });
  const pids = await workersOf(dataPlane);
  expect(pids).toHaveLength(2);
  for (const pid of pids) {
    const seen = await Promise.all(['cmdline', 'environ'].map((file) => readFile(`/proc/${pid}/${file}`, 'utf8')));
    expect(seen.join('')).not.toContain(token);
  }
});

test('a worker is not for people: it is not in the help, and says so', async () => {
  const { exitCode, stderr } = await runMicro(['dataplane', 'worker']);
  expect(exitCode).toBe(1);
  expect(stderr).toContain('a worker is started by a data plane, not by hand: see --workers');
  expect((await runMicro(['--help'])).stdout).not.toContain('worker');
});

test('an address that is taken and an access log that cannot be written are told as without workers', async ({
  pair: server,
  start,
}) => {
  const { http } = server.addresses;
  await expect(start({ flags: [...two, '--http', http] })).rejects.toThrow(
    `micro: the http entrypoint cannot listen on ${http}: another program does; choose another address with --http`,
  );
  await expect(start({ flags: [...two, '--access-log', '/nonexistent/log'] })).rejects.toThrow(
    /micro: the access log cannot be written: .*ENOENT.*; name another file with --access-log/,
  );
});
