import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { spawnMicro } from '../harness/command.ts';
import { greeterClient, type Greeting } from '../harness/greeter-client.ts';
import type { Deployment, Route, Service } from '../harness/listings.ts';
import { startLoad } from '../harness/load.ts';
import { samples } from '../harness/samples.ts';
import { test } from '../harness/test.ts';
import { nextMessage, openWebSocket } from '../harness/websocket.ts';

test('micro run builds and starts a source, and its URL answers', async ({ server }) => {
  const { stdout, stderr, exitCode } = await server.run('run', samples.greeter);

  expect(stderr).toContain('npm ci');
  expect(exitCode, stderr).toBe(0);
  const url = server.url('/service/greeter/');
  expect(stdout).toMatch(new RegExp(`^go\\.micro\\.service\\.greeter \\S+ is running: ${url}$`));

  const front = await fetch(url);
  expect([front.status, await front.json()]).toEqual([
    200,
    { greeting: 'Hello, world!', try: '/service/greeter/hello?name=Ada' },
  ]);
  const hello = await fetch(new URL('hello?name=Ada', url));
  expect(await hello.json()).toEqual({ greeting: 'Hello, Ada!' });
});

test('a gRPC client gets an answer from the same service', async ({ server }) => {
  const client = greeterClient(server.addresses.grpc);
  const hello = promisify<{ name: string }, Greeting | undefined>(client.hello.bind(client));
  expect(await hello({ name: 'Ada' })).toEqual({ greeting: 'Hello, Ada!' });
  client.close();
});

test('micro call does so from the terminal', async ({ server }) => {
  const proto = join(samples.greeter, 'proto', 'greeter.proto');
  const call = (endpoint: string, json: string) => server.run('call', 'greeter', endpoint, json, '--proto', proto);
  expect(await call('Say.Hello', '{"name":"Ada"}')).toMatchObject({
    stdout: '{"greeting":"Hello, Ada!"}',
    exitCode: 0,
  });
  // It offers no reflection, but knows by itself what JSON becomes.
  const full = ['go.micro.service.greeter', 'Say.Hello', '{"name":"Ada"}'];
  expect(await server.succeed('call', ...full)).toBe('{"greeting":"Hello, Ada!"}');
  expect((await call('Say.HelloAgain', '{"name":"Ada","times":2}')).stdout.split('\n')).toEqual([
    '{"greeting":"Hello, Ada!"}',
    '{"greeting":"Hello, Ada!"}',
  ]);
  expect(await call('Say.Hello', '{}')).toMatchObject({
    stderr: '{"id":"greeter","code":400,"detail":"give the name of whom to greet","status":"Bad Request"}',
    exitCode: 1,
  });
});

test('micro routes ls shows the routes of both entrypoints', async ({ server }) => {
  const routes = await server.list<Route>('routes', 'ls');
  expect(
    routes.map(({ entrypoint, route, service, instances }) => [entrypoint, route, service, instances.length]),
  ).toEqual([
    ['http', '/service/greeter/', 'go.micro.service.greeter', 1],
    ['grpc', '/go.micro.service.greeter.', 'go.micro.service.greeter', 1],
  ]);
  const { stdout } = await server.run('routes', 'ls');
  expect(stdout).toMatch(/^ENTRYPOINT +ROUTE +SERVICE +VERSION +INSTANCES\nhttp +\/service\/greeter\/ /);
});

test('an API and a web page run beside it, each under its prefix', async ({ server }) => {
  const runs = await Promise.all([server.run('run', samples.clock), server.run('run', samples.chat)]);
  expect(runs.map(({ exitCode }) => exitCode)).toEqual([0, 0]);

  const sum = await fetch(server.url('/api/clock/sum'), { method: 'POST', body: '[1, 2, 3]' });
  expect(await sum.json()).toEqual({ sum: 6 });

  const page = await fetch(server.url('/web/chat'));
  expect(page.url).toBe(server.url('/web/chat/'));
  const [style = ''] = /[^"]+\.css/.exec(await page.text()) ?? [];
  const asset = await fetch(new URL(style, page.url));
  expect([asset.status, asset.headers.get('content-type')]).toEqual([200, 'text/css']);
});

test('events of the API arrive as they are sent', async ({ server }) => {
  const leave = new AbortController();
  const response = await fetch(server.url('/api/clock/ticks?every=10'), { signal: leave.signal });
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  const text = (response.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream());
  let seen = '';
  for await (const chunk of text) {
    seen += chunk;
    if (seen.includes('id: 3')) break;
  }
  leave.abort();
  expect(seen).toMatch(/^id: 1\nevent: tick\ndata: .*\n\nid: 2\n/);
});

test('visitors of the page talk over its WebSocket', async ({ server }) => {
  const [ada, alan] = await Promise.all([
    openWebSocket(server.url('/web/chat/room')),
    openWebSocket(server.url('/web/chat/room')),
  ]);
  const heard = nextMessage(alan);
  ada.send('Good morning');
  expect(await heard).toBe('Good morning');
  ada.close();
  alan.close();
});

test('micro services and micro services get tell what is registered', async ({ server }) => {
  const services = await server.list<Service>('services');
  expect(services.map(({ name }) => name)).toEqual([
    'go.micro.api.clock',
    'go.micro.service.greeter',
    'go.micro.web.chat',
  ]);
  const [greeter] = await server.list<Service>('services', 'get', 'greeter');
  expect(greeter?.instances).toHaveLength(1);
});

test('micro status tells what runs, and from where', async ({ server }) => {
  const [clock] = await server.list<Deployment>('status', 'clock');
  expect(clock).toMatchObject({
    service: 'go.micro.api.clock',
    source: samples.clock,
    path: '/api/clock/',
    instancesWanted: 1,
    instances: [{ state: 'ready', restarts: 0 }],
  });
  const { stdout } = await server.run('status');
  expect(stdout).toMatch(
    /^NAME +VERSION +SOURCE +INSTANCES +STATUS +RESTARTS +CPU +MEMORY +UPDATED +URL\ngo\.micro\.api\.clock .*\n/,
  );
  expect(stdout).toMatch(
    /^go\.micro\.service\.greeter +\S+ +\S+ +1\/1 +ready +0 +\d+% +[\d.]+ MiB +\d+\w ago +http:\/\/\S+\/service\/greeter\/$/m,
  );
});

test('micro logs shows what a service printed', async ({ server }) => {
  const stdout = await server.succeed('logs', '-n', '1', 'clock');
  expect(stdout).toMatch(/^\S+Z \S+ telling the time on port \d+$/);
});

test('micro logs -f goes on with what is printed from now on', async ({ server }) => {
  const following = spawnMicro(['logs', '-f', 'clock', '--server', server.addresses.grpc], {
    MICRO_DATA_DIR: server.dataDir,
  });
  const lines = following.iterable()[Symbol.asyncIterator]();
  expect((await lines.next()).value).toContain('telling the time');
  await server.succeed('run', samples.clock, '--env', 'TZ=Asia/Tokyo');
  expect((await lines.next()).value).toMatch(/telling the time|time is up/);
  following.kill();
  await following;
});

test('micro health says that all is well', async ({ server }) => {
  const stdout = await server.succeed('health');
  expect(stdout).toMatch(/^store +embedded etcd, revision \d+$/m);
  expect(stdout).toMatch(/in step$/m);
});

test('the admin entrypoint tells health, readiness and metrics', async ({ server }) => {
  const ask = async (path: string) => fetch(`http://${server.addresses.admin}${path}`);
  expect((await ask('/healthz')).status).toBe(200);
  expect((await ask('/readyz')).status).toBe(200);
  expect(await (await ask('/metrics')).text()).toMatch(/^micro_routes_revision \d+$/m);
});

test('running a source again replaces what runs, without a failed request', async ({ server }) => {
  const [before] = await server.list<Deployment>('status', 'clock');
  const load = startLoad(server.url('/api/clock/time'), 2);
  await load.answers(10);
  await server.succeed('run', samples.clock, '--instances', '2', '--env', 'TZ=UTC');
  await load.answers(10);
  expect(Object.keys(await load.stop())).toEqual(['200']);
  const [after] = await server.list<Deployment>('status', 'clock');
  expect(after?.instances.map(({ state }) => state)).toEqual(['ready', 'ready']);
  expect(after?.instances.map(({ pid }) => pid)).not.toContain(before?.instances[0]?.pid);
});

test('micro kill stops a service and takes its routes away', async ({ server }) => {
  const { stdout, exitCode } = await server.run('kill', 'greeter');
  expect([exitCode, stdout]).toEqual([0, 'go.micro.service.greeter is stopped']);

  const answer = await fetch(server.url('/service/greeter/'), { headers: { accept: 'application/json' } });
  expect([answer.status, await answer.json()]).toMatchObject([404, { code: 404, status: 'Not Found' }]);
  const routes = await server.list<Route>('routes', 'ls');
  expect(routes.map(({ service }) => service)).not.toContain('go.micro.service.greeter');
});

test('every command of the table in the README has examples in its help', async ({ server }) => {
  const readme = await readFile('README.md', 'utf8');
  const commands = new Set(
    [...readme.matchAll(/^\| `micro ([a-z]+(?: ls| get| token)?)/gm)].map(([, command]) => command ?? ''),
  );
  expect(commands.size).toBeGreaterThan(5);
  for (const command of commands) {
    const { stdout, exitCode } = await server.run(...command.split(' '), '--help');
    expect([command, exitCode]).toEqual([command, 0]);
    expect(stdout, command).toMatch(/Examples/);
  }
});
