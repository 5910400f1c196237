import { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import { expect } from 'vitest';
import { runMicro, spawnMicro } from '../harness/command.ts';
import type { Server } from '../harness/server.ts';
import { register } from '../harness/register.ts';
import { test as base } from '../harness/test.ts';
import { startTally, tallyProto } from './tally.ts';

/** A test on the server of the file, with two services: `tally` tells of itself by reflection, `silent` does not. */
const test = base.extend('tallies', { scope: 'file', auto: true }, async ({ server }, { onCleanup }) => {
  const stack = new AsyncDisposableStack();
  onCleanup(() => stack.disposeAsync());
  for (const [name, reflects] of [
    ['go.micro.service.tally', true],
    ['silent', false],
  ] as const) {
    const instance = await startTally({ reflects });
    stack.use(instance);
    await register(server, server.token, name, instance.address, { protocol: 'grpc' });
    await expect
      .poll(async () => (await server.run('call', 'grpc.health.v1', 'Health.Check', `{"service":"${name}"}`)).stdout)
      .toBe('{"status":"SERVING"}');
  }
});

const answer = async (server: Server, ...args: string[]) => JSON.parse(await server.succeed('call', ...args));
const failure = async (server: Server, ...args: string[]) => {
  const { stdout, stderr, exitCode } = await server.run('call', ...args);
  return { stdout, exitCode, stderr };
};

const amounts = '{"summedAmounts":[{"cents":"250","currency":"CURRENCY_EUR"},{"cents":1}],"notes":{"a":{"text":"b"}}}';
const sum = { cents: '251', currency: 'CURRENCY_EUR' };

test('a method is found by the reflection of its service, by short and by full names', async ({ server }) => {
  expect(await answer(server, 'tally', 'Tally.Add', amounts)).toMatchObject({ sum });
  expect(await answer(server, 'go.micro.service.tally', 'acme.tally.Tally/Add', amounts)).toMatchObject({ sum });
});

test('a method is found in a .proto file and what that imports', async ({ server }) => {
  expect(await answer(server, 'silent', 'Tally.Add', amounts, '--proto', tallyProto)).toMatchObject({ sum });
});

test('messages are as the JSON mapping of protobuf has them', async ({ server }) => {
  const at = '2026-11-24T16:00:00Z';
  expect(await answer(server, 'tally', 'Tally.Add', `{"summed_amounts":[{"cents":7}],"at":"${at}"}`)).toMatchObject({
    sum: { cents: '7' },
    at,
  });
});

test('metadata goes with the call, and the control token does not', async ({ server }) => {
  const flags = ['--metadata', 'tenant=acme=1', '--metadata', 'authorization=Bearer mine', '--token', 'secret'];
  const { metadata } = await answer(server, 'tally', 'Tally.Add', '{}', ...flags);
  expect(metadata).toMatchObject({ tenant: 'acme=1', authorization: 'Bearer mine' });
  expect((await answer(server, 'tally', 'Tally.Add')).metadata).not.toHaveProperty('authorization');
});

test('each answer of a stream is a line, told as it comes', async ({ server }) => {
  expect(await server.succeed('call', 'tally', 'Tally.Count', '{"times":3}')).toBe(
    '{"number":"1"}\n{"number":"2"}\n{"number":"3"}',
  );
  const endless = spawnMicro(['call', 'tally', 'Tally.Count', '--server', server.addresses.grpc]);
  const lines: string[] = [];
  for await (const line of endless.iterable({ from: 'stdout' })) {
    lines.push(line);
    endless.kill();
  }
  expect(lines).toEqual(['{"number":"1"}']);
});

test('a request comes from stdin', async ({ server }) => {
  const args = ['call', 'tally', 'Tally.Add', '-', '--server', server.addresses.grpc];
  const { stdout } = await runMicro(args, {}, { input: amounts });
  expect(JSON.parse(stdout)).toMatchObject({ sum });
});

test('an internal system is called with the token of the server', async ({ server }) => {
  const { snapshot } = await answer(server, 'micro.routes.v1', 'Routes.List');
  expect(snapshot.services.map(({ name }: { name: string }) => name)).toContain('go.micro.service.tally');
  expect(await failure(server, 'micro.routes.v1', 'Routes.List', '--token', 'wrong')).toMatchObject({
    exitCode: 1,
    stderr: expect.stringMatching(/^micro: .* refused the token: /),
  });
});

test.for([
  ['a plain status', '{"code":5,"details":"no such sum"}', 404, 'no such sum', 'Not Found', 'tally'],
  [
    "go-micro's error",
    JSON.stringify({ code: 13, details: '{"id":"acme","code":418,"detail":"short","status":"Teapot"}' }),
    418,
    'short',
    'Teapot',
    'acme',
  ],
] as const)('%s is told as JSON on stderr, exit 1', async ([, request, code, detail, status, id], { server }) => {
  const { stdout, stderr, exitCode } = await failure(server, 'tally', 'Tally.Fail', request);
  expect([stdout, exitCode]).toEqual(['', 1]);
  expect(JSON.parse(stderr)).toEqual({ id, code, detail, status });
});

test('a call that takes too long is ended', async ({ server }) => {
  const { stderr, exitCode } = await failure(server, 'tally', 'Tally.Fail', '{}', '--timeout', '100ms');
  expect(exitCode).toBe(1);
  expect(JSON.parse(stderr)).toMatchObject({ id: 'tally', code: 408, detail: expect.stringContaining('--timeout') });
});

test.for([
  [1, ['nobody', 'Tally.Add'], "there is no service nobody: 'micro services' lists those there are"],
  [
    1,
    ['silent', 'Tally.Add'],
    /^silent offers no gRPC reflection, and takes no JSON \(.+\): give its \.proto file with --proto, or name it in full as 'micro services' does$/,
  ],
  [
    1,
    ['tally', 'Tally.Sub'],
    'tally has no method Tally.Sub: it has Tally.Add, Tally.Count, Tally.Collect, Tally.Fail',
  ],
  [
    1,
    ['tally', 'Other.Add'],
    'tally has no method Other.Add: it has Tally.Add, Tally.Count, Tally.Collect, Tally.Fail',
  ],
  [
    1,
    ['micro.nobody.v1', 'A.B'],
    "micro.nobody.v1 has no method A.B: it has none; 'micro services' lists what there is",
  ],
  [
    1,
    ['tally', 'Tally.Collect'],
    'Tally.Collect takes a stream of messages, and micro call sends one: use a client of it',
  ],
  [1, ['silent', 'Tally.Add', '--proto', 'nobody.proto'], /^--proto nobody\.proto cannot be used: ENOENT.*--include$/],
  [2, ['tally', 'Add'], '"Add" is not an endpoint: write Service.Method or package.Service/Method'],
  [2, ['tally', 'Tally.Add', '{"at":'], /^the request is not JSON: Unexpected end of JSON input$/],
  [
    2,
    ['tally', 'Tally.Add', '{"sum":1}'],
    /^the request does not fit: .*"sum".*has the fields summedAmounts, at, notes$/,
  ],
  [2, ['tally', 'Tally.Add', '--timeout', 'long'], '--timeout: "long" is not a duration such as 500ms, 30s or 2m'],
  [2, ['tally', 'Tally.Add', '--metadata', 'secret'], '--metadata: "secret" is not KEY=VALUE'],
] as const)('exit %i: micro call %j', async ([exitCode, args, message], { server }) => {
  const result = await failure(server, ...args);
  expect(result).toMatchObject({ stdout: '', exitCode, stderr: expect.stringMatching(/^micro: .*$/) });
  expect(result.stderr.slice('micro: '.length)).toEqual(
    typeof message === 'string' ? message : expect.stringMatching(message),
  );
});
