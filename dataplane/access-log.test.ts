import { Metadata } from '@grpc/grpc-js';
import * as fc from 'fast-check';
import { pino } from 'pino';
import { expect, test, vi } from 'vitest';
import { Protocol } from '../proto/gen/micro/routes/v1/routes.ts';
import { AccessLog } from './access-log.ts';
import type { EndedCall } from './call.types.ts';
import { service, startTestDataPlane, testSource } from './data-plane.fixture.ts';
import { grpcClient, hello, startGrpcInstance } from './grpc/grpc.fixture.ts';
import { sendHttp1, sendHttp2, ways } from './http/http.fixture.ts';

test('each gRPC call is one line of JSON, with the name of its status', async () => {
  const lines: string[] = [];
  const instance = await startGrpcInstance({ hello: (_, callback) => callback(null, Buffer.from('hi')) });
  const routes = testSource(service('go.micro.service.greeter', [instance], { protocol: Protocol.PROTOCOL_H2C }));
  const { grpc } = await startTestDataPlane(routes, { accessLog: { write: (line) => void lines.push(line) } });
  const client = grpcClient(grpc);
  await hello(client, '');
  const metadata = new Metadata();
  metadata.set('micro-service', 'go.micro.nobody');
  await expect(hello(client, '', metadata)).rejects.toThrow('UNIMPLEMENTED');
  await vi.waitFor(() => expect(lines).toHaveLength(2));
  const [first, second] = lines.map((line) => JSON.parse(line) as unknown);
  const path = '/go.micro.service.greeter.Say/Hello';
  expect(first).toMatchObject({ entrypoint: 'grpc', protocol: 'gRPC', path, instance, status: 'OK', bytes: 7 });
  expect(second).toMatchObject({ entrypoint: 'grpc', path, status: 'UNIMPLEMENTED' });
});

test('each request is one line of JSON', async () => {
  const lines: string[] = [];
  const instance = await ways[0].start((_, response) => response.writeHead(201).end('made'));
  const { http } = await startTestDataPlane(testSource(service('go.micro.api.greeter', [instance])), {
    accessLog: { write: (line) => void lines.push(line) },
    trustedProxies: ['loopback'],
  });
  const headers = { 'x-request-id': 'id-1', 'x-forwarded-for': '203.0.113.9' };
  await sendHttp1(http, '/api/greeter/hello?token=secret', { headers });
  await sendHttp2(http, '/api/nobody', {});
  await vi.waitFor(() => expect(lines).toHaveLength(2));
  const [first, second] = lines.map((line) => JSON.parse(line) as unknown);
  expect(first).toEqual({
    type: 'access',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string,
    entrypoint: 'http',
    protocol: 'HTTP/1.1',
    requestId: 'id-1',
    method: 'GET',
    path: '/api/greeter/hello',
    client: '203.0.113.9',
    service: 'go.micro.api.greeter',
    instance,
    status: 201,
    bytes: 4,
    durationMs: expect.any(Number) as number,
  });
  expect(second).toMatchObject({ protocol: 'HTTP/2', path: '/api/nobody', client: '127.0.0.1', status: 404 });
  expect(lines.join('')).not.toContain('secret');
});

const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string(), fc.webPath());

const endedCall: fc.Arbitrary<EndedCall> = fc.record({
  head: fc.record({
    entrypoint: fc.constantFrom('http', 'grpc'),
    protocol: fc.constantFrom('HTTP/1.0', 'HTTP/1.1', 'HTTP/2', 'WebSocket', 'gRPC'),
    lane: fc.constantFrom('fast', 'full', 'grpc'),
    requestId: text,
    method: text,
    path: text,
    client: text,
  }),
  service: fc.option(text, { nil: undefined }),
  instance: fc.option(text, { nil: undefined }),
  code: fc.oneof(fc.integer({ min: 100, max: 599 }), fc.constantFrom('OK', 'UNAVAILABLE')),
  bytes: fc.maxSafeNat(),
});

test('a line is what pino would write', () => {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line.replace(/"time":"[^"]+"/, '"time":"now"')) };
  const ours = new AccessLog(destination);
  const log = pino(
    { base: null, timestamp: () => ',"time":"now"', formatters: { level: () => ({ type: 'access' }) } },
    destination,
  );
  fc.assert(
    fc.property(endedCall, fc.double({ min: 0, max: 1e6, noNaN: true }), (call, durationMs) => {
      ours.write(call, durationMs);
      const { lane: _, ...head } = call.head;
      const { service, instance, code, bytes } = call;
      log.info({ ...head, service, instance, status: code, bytes, durationMs: Math.round(durationMs * 1e3) / 1e3 });
      const [written, byPino] = lines.splice(0);
      expect(written).toBe(byPino);
    }),
    { numRuns: 1_000 },
  );
});
