import { once } from 'node:events';
import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { runCli } from './cli.ts';
import { callError } from './errors.ts';

async function run(...args: string[]) {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const exitCode = await runCli(args, '0.0.0', { env: {}, stdin: new PassThrough(), stdout, stderr });
  stdout.end();
  stderr.end();
  return { exitCode, stdout: await text(stdout), stderr: await text(stderr) };
}

test.each([
  [['sever'], "micro has no command 'sever': did you mean 'micro server'? 'micro --help' lists them\n"],
  [['route', 'ls'], "micro has no command 'route ls': did you mean 'micro routes ls'? 'micro --help' lists them\n"],
  [['routes'], "micro has no command 'routes': did you mean 'micro routes ls'? 'micro --help' lists them\n"],
  [['rnu'], "micro has no command 'rnu': did you mean 'micro run'? 'micro --help' lists them\n"],
  [['frobnicate'], "micro has no command 'frobnicate'; 'micro --help' lists them\n"],
  [
    ['server', '--htpp', ':1'],
    "micro server has no flag --htpp: did you mean '--http'? 'micro server --help' shows how it is used\n",
  ],
  [['run', 'a', 'b'], "micro run: it was given too many arguments; 'micro run --help' shows how it is used\n"],
  [['kill'], "micro kill: an argument is missing; 'micro kill --help' shows how it is used\n"],
])('micro %j is wrong use, with the nearest right one', async (args, stderr) => {
  expect(await run(...args)).toEqual({ exitCode: 2, stdout: '', stderr });
});

test('every command has a description and an example', async () => {
  const { stdout, exitCode } = await run('--help');
  expect(exitCode).toBe(0);
  const commands = [...stdout.matchAll(/^ {2}(?:\$ )?micro ([a-z ]*[a-z])/gm)].map(([, path]) =>
    (path ?? '').split(' '),
  );
  expect(commands.length).toBeGreaterThan(9);
  for (const command of commands) expect((await run(...command, '--help')).stdout).toContain('Examples');
});

test.each([
  ['kill', 'greeter', '--help'],
  ['logs', '-n', '5', 'greeter', '-h'],
  ['kill', '--help', '--no-such-flag'],
])('help is told whatever else was typed: %s %s %s', async (...args) => {
  const { exitCode, stdout, stderr } = await run(...args);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(stdout).toContain(`$ micro ${args[0]}`);
});

test('the list of commands is without their flags, and a flag says that it takes a value', async () => {
  const { stdout } = await run('--help');
  expect(stdout).toContain('\n  micro run [source]\n');
  expect(stdout).not.toContain('#');
  expect((await run('run', '--help')).stdout).toContain('--name VALUE');
});

test('wrong options are told together', async () => {
  const { exitCode, stderr } = await run('run', '.', '--instances', 'many', '--env', 'NOVALUE', '--token', 't');
  expect(exitCode).toBe(2);
  expect(stderr).toContain('--instances: "many"');
  expect(stderr).toContain('--env: "NOVALUE"');
});

test('a server that is not there is one line with the next step', async () => {
  const { exitCode, stderr } = await run('status', '--server', '127.0.0.1:1', '--token', 't');
  expect(exitCode).toBe(1);
  expect(stderr).toBe(
    "micro: no micro server answers at 127.0.0.1:1: start one with 'micro server', or name another with --server\n",
  );
});

test('an http entrypoint named as the server is told from a grpc one', async () => {
  const http = createServer((_request, response) => void response.writeHead(404).end()).listen(0, '127.0.0.1');
  await once(http, 'listening');
  const address = `127.0.0.1:${(http.address() as AddressInfo).port}`;
  try {
    const { exitCode, stderr } = await run('status', '--server', address, '--token', 't');
    expect(exitCode).toBe(1);
    expect(stderr).toBe(
      `micro: ${address} is not the grpc entrypoint of a micro server (:8081 by default): name that with --server\n`,
    );
  } finally {
    http.close();
  }
});

test('without a token the command says where it looked', async () => {
  const { exitCode, stderr } = await run('status', '--data-dir', '/nonexistent/micro');
  expect(exitCode).toBe(1);
  expect(stderr).toContain('no /nonexistent/micro/token');
});

test('a server that answers is not said to be away, whatever it tells of its store', () => {
  const details = 'etcd at 127.0.0.1:2379 cannot be reached: No connection established. Last error: ECONNREFUSED';
  const error = Object.assign(new Error(details), { code: status.UNAVAILABLE, details });
  expect(callError(error, '127.0.0.1:8081')).toMatchObject({ message: `127.0.0.1:8081: ${details}` });
});
