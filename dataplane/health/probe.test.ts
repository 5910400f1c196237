import { createServer as createHttp1Server, type RequestListener } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { createServer as createTcpServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { parseAddress } from '../../proto/channel/address.ts';
import { Protocol } from '../../proto/gen/micro/routes/v1/routes.ts';
import { listenForTest } from '../data-plane.fixture.ts';
import { InstanceStates } from '../routes/instance-state.ts';
import type { RoutedInstance } from '../routes/table.ts';
import { probe } from './probe.ts';

const check = { path: '/healthz?full=1', intervalMs: 1_000, timeoutMs: 5_000, pass: 1, fail: 1 };
const forever = new AbortController().signal;

function instanceAt(name: string, protocol: Protocol): RoutedInstance {
  const state = new InstanceStates().at(name);
  return { name, version: 'v1', address: parseAddress(name), protocol, weight: 1, state };
}

/** Takes connections, and never says a word. */
const startFrozen = (): Promise<string> =>
  listenForTest(createTcpServer((socket) => void socket.on('error', () => {})));

describe('an instance that speaks HTTP/1.1', () => {
  const checkOf = (address: string, signal = forever) =>
    probe(instanceAt(address, Protocol.PROTOCOL_HTTP1), check, signal);
  const answering = async (listener: RequestListener) => checkOf(await listenForTest(createHttp1Server(listener)));

  test('is asked for the path, with its own address as host', async () => {
    const seen: unknown[] = [];
    const address = await listenForTest(
      createHttp1Server(({ method, url, headers }, response) => {
        seen.push([method, url, headers.host, headers.connection]);
        response.end();
      }),
    );
    await checkOf(address);
    expect(seen).toEqual([['GET', '/healthz?full=1', address, 'close']]);
  });

  test.each([200, 204, 302, 399])('passes with %i', async (status) => {
    await expect(answering((_, response) => response.writeHead(status).end())).resolves.toBeUndefined();
  });

  test.each([400, 404, 500, 503])('fails with %i', async (status) => {
    const reason = `GET /healthz?full=1 was answered with the status ${status}`;
    await expect(answering((_, response) => response.writeHead(status).end('x'))).rejects.toThrow(reason);
  });

  test.each([
    ['resets', (socket: { destroy(): unknown }) => socket.destroy()],
    ['speaks no HTTP', (socket: { end(text: string): unknown }) => socket.end('220 mail.example ESMTP\r\n')],
    [
      'upgrades',
      (socket: { end(text: string): unknown }) =>
        socket.end('HTTP/1.1 101 A\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'),
    ],
    [
      'breaks off',
      (socket: { end(text: string): unknown }) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx'),
    ],
  ])('fails when it %s', async (_, answer) => {
    const address = await listenForTest(
      createTcpServer((socket) => socket.on('error', () => {}).once('data', () => answer(socket))),
    );
    await expect(checkOf(address)).rejects.toThrow(Error);
  });

  test('fails when nothing listens', async () => {
    await expect(checkOf('127.0.0.1:1')).rejects.toThrow('ECONNREFUSED');
  });

  test('fails with the reason of the signal when it says nothing', async () => {
    const ending = new AbortController();
    const checked = checkOf(await startFrozen(), ending.signal);
    ending.abort(new Error('too late'));
    await expect(checked).rejects.toThrow('too late');
  });
});

describe('an instance that speaks h2c', () => {
  const checkOf = (address: string, signal = forever) =>
    probe(instanceAt(address, Protocol.PROTOCOL_H2C), check, signal);

  test('passes without a request', async () => {
    let requests = 0;
    const server = createHttp2Server(() => (requests += 1));
    await checkOf(await listenForTest(server));
    expect(requests).toBe(0);
  });

  test('fails when it speaks another protocol, or nothing listens', async () => {
    await expect(checkOf(await listenForTest(createHttp1Server()))).rejects.toThrow(Error);
    await expect(checkOf('127.0.0.1:1')).rejects.toThrow('ECONNREFUSED');
  });

  test('fails with the reason of the signal when it says nothing', async () => {
    const ending = new AbortController();
    const checked = checkOf(await startFrozen(), ending.signal);
    ending.abort(new Error('too late'));
    await expect(checked).rejects.toThrow('too late');
  });
});
