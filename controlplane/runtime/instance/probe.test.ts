import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { Server as GrpcServer, ServerCredentials } from '@grpc/grpc-js';
import { expect, onTestFinished, test, vi } from 'vitest';
import { probe } from './probe.ts';

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}
const ask = (port: number, timeoutMs = 10_000) => probe({ host: '127.0.0.1', port, timeoutMs });
/** A server that does `answer` with each connection. */
const raw = (answer: (socket: Socket) => void): Promise<number> =>
  listen(
    createServer((socket) => {
      socket.on('error', () => undefined);
      answer(socket);
    }),
  );

test('a server that speaks only HTTP/2 without TLS is told as gRPC', async () => {
  expect(await ask(await listen(createHttp2Server()))).toBe('grpc');
});

test('a gRPC server is told as gRPC', async () => {
  const server = new GrpcServer();
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  onTestFinished(() => server.forceShutdown());
  expect(await ask(port)).toBe('grpc');
});

test('a server that speaks only HTTP/1.1 is told as HTTP', async () => {
  expect(await ask(await listen(createHttpServer()))).toBe('http');
});

test('a SETTINGS frame that comes in pieces is one', async () => {
  const port = await raw((socket) => {
    socket.setNoDelay(true);
    socket.write(Buffer.from([0, 0, 0]), () => setImmediate(() => socket.write(Buffer.from([4, 0, 0, 0, 0, 0]))));
  });
  expect(await ask(port)).toBe('grpc');
});

test.each([
  ['hangs up', (socket: Socket) => socket.end()],
  ['resets', (socket: Socket) => socket.once('data', () => socket.resetAndDestroy())],
  ['answers in another frame', (socket: Socket) => socket.write(Buffer.from([0, 0, 0, 7, 0, 0, 0, 0, 0]))],
])('a server that %s does not speak HTTP/2', async (_, answer) => {
  expect(await ask(await raw(answer))).toBe('http');
});

test('a server that says nothing is waited for no longer than it takes', async () => {
  const port = await raw(() => undefined);
  // On a busy machine the time may be over before the connection is there.
  await vi.waitFor(async () => expect(await ask(port, 100)).toBe('http'), { timeout: 15_000 });
});

test('where nothing listens there is nothing to tell', async () => {
  const server = createServer();
  const port = await listen(server);
  server.close();
  await once(server, 'close');
  expect(await ask(port)).toBeUndefined();
});
