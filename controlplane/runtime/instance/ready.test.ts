import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { Server as GrpcServer, ServerCredentials } from '@grpc/grpc-js';
import { HealthImplementation, type ServingStatusMap } from 'grpc-health-check';
import { expect, onTestFinished, test } from 'vitest';
import { waitUntilReady } from './ready.ts';
import type { InstanceSettings } from './settings.ts';

const host = '127.0.0.1';

async function listen(server: Server): Promise<number> {
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return (server.address() as AddressInfo).port;
}

async function listenGrpc(status?: ServingStatusMap): Promise<number> {
  const server = new GrpcServer();
  if (status !== undefined) new HealthImplementation(status).addToServer(server);
  onTestFinished(() => server.forceShutdown());
  return new Promise((resolve, reject) => {
    server.bindAsync(`${host}:0`, ServerCredentials.createInsecure(), (error, port) =>
      error === null ? resolve(port) : reject(error),
    );
  });
}

/** An HTTP server that answers 503 on /healthz until it was asked `times` times. */
function wellAfter(times: number): { readonly listener: RequestListener; readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    listener: ({ url = '' }, response) => {
      asked.push(url);
      response.writeHead(asked.length > times ? 200 : 503).end();
    },
  };
}

const wait = (port: number, settings: Omit<InstanceSettings, 'limits'>, readyTimeoutMs = 0): Promise<string> => {
  const limits = { readyTimeoutMs, probeTimeoutMs: 300 };
  return waitUntilReady({ host, port, settings, limits, signal: new AbortController().signal });
};

test('an instance is ready when its health path answers that it is well, over HTTP/1.1 or HTTP/2', async () => {
  const one = wellAfter(3);
  expect(await wait(await listen(createHttpServer(one.listener)), { health: '/healthz' }, 60_000)).toBe('http');
  expect(one.asked).toEqual(Array(4).fill('/healthz'));
  const two = wellAfter(3);
  const port = await listen(
    createHttp2Server((request, response) => two.listener(request as never, response as never)),
  );
  expect(await wait(port, { health: '/healthz' }, 60_000)).toBe('grpc');
  expect(two.asked).toHaveLength(4);
});

test('an instance is ready when its gRPC health service says that it serves', async () => {
  expect(await wait(await listenGrpc({ '': 'SERVING' }), { health: 'grpc' })).toBe('grpc');
});

test('of one that is said to speak HTTP/1.1 nothing is asked that it would not understand', async () => {
  const heard: string[] = [];
  const port = await listen(createServer((socket) => socket.on('data', (data) => heard.push(data.toString()))));
  expect(await wait(port, { protocol: 'http' })).toBe('http');
  expect(heard).toEqual([]);
});

test.each<{ what: string; listen: () => Promise<number>; settings: Omit<InstanceSettings, 'limits'>; told: string }>([
  {
    what: 'is not well',
    listen: () => listen(createHttpServer(wellAfter(1000).listener)),
    settings: { health: '/healthz' },
    told: 'after 0 s it is not well: GET /healthz was answered with 503',
  },
  {
    what: 'is not well, by HTTP/2',
    listen: () => listen(createHttp2Server((_, response) => response.writeHead(500).end())),
    settings: { health: '/healthz' },
    told: 'after 0 s it is not well: GET /healthz was answered with 500',
  },
  {
    what: 'says nothing',
    listen: () => listen(createServer((socket) => socket.resume())),
    settings: { health: '/healthz', protocol: 'http' },
    told: 'after 0 s it is not well: GET /healthz was not answered within 0.3 s',
  },
  {
    what: 'hangs up',
    listen: () => listen(createServer((socket) => socket.end())),
    settings: { health: '/healthz', protocol: 'http' },
    told: 'after 0 s it is not well: GET /healthz failed: ',
  },
  {
    what: 'does not serve, as its health service says',
    listen: () => listenGrpc({ '': 'NOT_SERVING' }),
    settings: { health: 'grpc' },
    told: 'after 0 s it is not well: grpc.health.v1.Health/Check says that it is not serving',
  },
  {
    what: 'has no health service',
    listen: () => listenGrpc(),
    settings: { health: 'grpc' },
    told: 'grpc.health.v1.Health/Check failed: it has no such service',
  },
  {
    what: 'speaks HTTP/1.1 where gRPC was declared',
    listen: () => listen(createHttpServer()),
    settings: { protocol: 'grpc' },
    told: 'speaks no HTTP/2; its protocol is said to be grpc',
  },
])('one that $what is not ready, and the reason is told', async ({ listen: start, settings, told }) => {
  await expect(wait(await start(), settings)).rejects.toThrow(told);
});
