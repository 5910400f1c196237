import { connect } from 'node:net';
import { expect } from 'vitest';
import { startLoad } from '../harness/load.ts';
import { samples } from '../harness/samples.ts';
import { test as base } from '../harness/test.ts';

/** A test with a service that must go on answering whatever others send. */
const test = base.extend('clock', { scope: 'file' }, async ({ server }) => {
  await server.succeed('run', samples.clock);
  return server.url('/api/clock/time');
});

const host = 'Host: micro\r\n';

test.for([
  ['a head of 64 KB', `GET /api/clock/time HTTP/1.1\r\n${host}X-Long: ${'x'.repeat(65_536)}\r\n\r\n`, 431],
  ['a thousand headers', `GET /api/clock/time HTTP/1.1\r\n${host}${'X-Many: x\r\n'.repeat(1000)}\r\n`, 431],
  ['no HTTP at all', 'Good morning, is this the greeter?\r\n\r\n', 400],
  ['no Host', 'GET /api/clock/time HTTP/1.1\r\n\r\n', 400],
  [
    'a length beside chunks',
    `POST /api/clock/echo HTTP/1.1\r\n${host}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    400,
  ],
  ['a length that is no number', `POST /api/clock/echo HTTP/1.1\r\n${host}Content-Length: 3x\r\n\r\nabc`, 400],
  [
    'a chunk size that is no number',
    `POST /api/nobody/ HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n`,
    4,
  ],
  ['a path that leaves its prefix', `GET /api/clock/../../web/chat/ HTTP/1.1\r\n${host}\r\n`, 400],
  ['a path that leaves its prefix, encoded', `GET /api/clock/%2e%2e/x HTTP/1.1\r\n${host}\r\n`, 400],
] as const)('%s is answered with an error, and the connection closed', async ([, bytes, status], { server, clock }) => {
  const answer = await send(
    server.addresses.http,
    `${bytes}GET /api/clock/time HTTP/1.1\r\n${host}Connection: close\r\n\r\n`,
  );
  expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status}`));
  expect((await fetch(clock)).status).toBe(200);
});

test('a service that is not there is a 404, as JSON or as a page', async ({ server, clock }) => {
  expect(clock).not.toBe('');
  const ask = (accept: string) => fetch(server.url('/service/nobody/'), { headers: { accept } });
  const json = await ask('application/json');
  expect([json.status, await json.json()]).toEqual([
    404,
    {
      id: expect.any(String),
      code: 404,
      detail: expect.stringContaining('go.micro.service.nobody'),
      status: 'Not Found',
    },
  ]);
  const page = await ask('text/html,*/*;q=0.8');
  expect([page.status, page.headers.get('content-type')]).toEqual([404, 'text/html; charset=utf-8']);
});

test('a body of 32 MB passes through', async ({ server, clock }) => {
  expect(clock).not.toBe('');
  const body = new Uint8Array(32 * 1024 * 1024).fill(7);
  const echo = await fetch(server.url('/api/clock/echo'), { method: 'POST', body });
  expect((await echo.arrayBuffer()).byteLength).toBe(body.byteLength);
});

test.for(['grpc', 'control', 'admin'] as const)(
  'garbage on the %s port disturbs nobody',
  async (name, { server, clock }) => {
    const load = startLoad(clock, 2);
    await load.answers(10);
    await send(server.addresses[name], 'x'.repeat(100_000));
    await send(server.addresses[name], `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${'\u00ff'.repeat(1000)}`);
    await load.answers(10);
    expect(Object.keys(await load.stop())).toEqual(['200']);
    await server.succeed('health');
  },
);

/** Sends bytes on a connection of their own, and reads until the other end closes it. */
function send(address: string, bytes: string): Promise<string> {
  const [hostname, port] = address.split(':');
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(Number(port), hostname);
    socket.on('data', (chunk) => (answer += chunk.toString('latin1')));
    // What is refused half-way may be reset: what was answered before counts.
    socket.once('error', () => resolve(answer)).once('close', () => resolve(answer));
    socket.write(bytes, 'latin1');
  });
}
