import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import {
  connect as connectHttp2,
  constants,
  createServer as createHttp2Server,
  type ServerHttp2Stream,
} from 'node:http2';
import { createServer as createTcpServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type Client, credentials, Metadata, type ServiceError, type StatusObject, status } from '@grpc/grpc-js';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Protocol } from '../../proto/gen/micro/routes/v1/routes.ts';
import {
  listenForTest,
  rawConnection,
  service,
  startTestDataPlane,
  type TestSource,
  testSource,
} from '../data-plane.fixture.ts';
import { makeCertificate } from '../downstream/tls/certificate.fixture.ts';
import { sendHttp1 } from '../http/http.fixture.ts';
import { grpcClient, hello, say, startGrpcInstance } from './grpc.fixture.ts';

const greeter = (...addresses: string[]): TestSource =>
  testSource(service('go.micro.service.greeter', addresses, { protocol: Protocol.PROTOCOL_H2C }));

/** A gRPC client of a data plane that serves these instances. */
async function clientFor(...addresses: string[]): Promise<Client> {
  const { grpc } = await startTestDataPlane(greeter(...addresses));
  return grpcClient(grpc);
}

/** An HTTP/2 instance that gets each stream as it is. */
async function startRawInstance(onStream: (stream: ServerHttp2Stream) => void): Promise<string> {
  const server = createHttp2Server();
  server.on('stream', (stream) => {
    stream.on('error', () => {});
    onStream(stream);
  });
  server.on('session', (session) => session.on('error', () => {}));
  return listenForTest(server);
}

const failure = (code: status, details?: string | RegExp) =>
  expect.objectContaining({
    code,
    ...(details === undefined ? {} : { details: expect.stringMatching(details) as string }),
  }) as ServiceError;

test('a unary call reaches its service, with its metadata, and so does its answer', async () => {
  const binary = Buffer.from([0, 1, 2, 253, 254, 255]);
  let received = new Metadata();
  const instance = await startGrpcInstance({
    hello(call, callback) {
      received = call.metadata;
      const initial = new Metadata();
      initial.set('x-initial-bin', binary);
      call.sendMetadata(initial);
      const trailer = new Metadata();
      trailer.set('x-trailer-bin', binary);
      callback(null, Buffer.concat([Buffer.from('hello '), call.request]), trailer);
    },
  });
  const client = await clientFor(instance);
  const metadata = new Metadata();
  metadata.set('x-request-bin', binary);
  metadata.set('authorization', 'Bearer token');
  const answer = await hello(client, 'you', metadata);
  expect(answer.message).toBe('hello you');
  expect(received.get('x-request-bin')).toEqual([binary]);
  expect(received.get('authorization')).toEqual(['Bearer token']);
  expect(received.get('x-forwarded-for')).toEqual(['127.0.0.1']);
  expect(received.get('x-request-id')).toHaveLength(1);
  expect(answer.metadata.get('x-initial-bin')).toEqual([binary]);
  expect(answer.trailer.get('x-trailer-bin')).toEqual([binary]);
});

test('with a certificate calls are taken over TLS, and without it as well', async () => {
  const received: Metadata[] = [];
  const instance = await startGrpcInstance({
    hello(call, callback) {
      received.push(call.metadata);
      callback(null, call.request);
    },
  });
  const { certFile, keyFile, ca } = await makeCertificate();
  const { grpc } = await startTestDataPlane(greeter(instance), { tls: { certFile, keyFile } });
  const large = 'x'.repeat(1_000_000);
  expect((await hello(grpcClient(grpc, credentials.createSsl(ca)), large)).message).toBe(large);
  expect((await hello(grpcClient(grpc), 'plain')).message).toBe('plain');
  expect(received.map((metadata) => metadata.get('x-forwarded-proto'))).toEqual([['https'], ['http']]);
});

test('every kind of streaming goes through, message by message', async () => {
  const client = await clientFor(
    await startGrpcInstance({
      collect(call, callback) {
        const messages: string[] = [];
        call.on('data', (message: Buffer) => messages.push(String(message)));
        call.on('end', () => callback(null, Buffer.from(messages.join(','))));
      },
      count(call) {
        for (let number = 1; number <= Number(call.request); number += 1) call.write(Buffer.from(String(number)));
        call.end();
      },
      chat(call) {
        call.on('data', (message: Buffer) => call.write(message));
        call.on('end', () => call.end());
      },
    }),
  );
  const identity = [(value: Buffer) => value, (value: Buffer) => value] as const;

  const collected = await new Promise((resolve, reject) => {
    const call = client.makeClientStreamRequest(say.collect.path, ...identity, (error, value) =>
      error ? reject(error) : resolve(String(value)),
    );
    for (const message of ['a', 'b', 'c']) call.write(Buffer.from(message));
    call.end();
  });
  expect(collected).toBe('a,b,c');

  const counted: string[] = [];
  const counting = client.makeServerStreamRequest(say.count.path, ...identity, Buffer.from('1000'));
  counting.on('data', (message: Buffer) => counted.push(String(message)));
  await once(counting, 'end');
  expect(counted).toHaveLength(1_000);

  const chat = client.makeBidiStreamRequest(say.chat.path, ...identity);
  for (const message of ['one', 'two']) {
    chat.write(Buffer.from(message));
    const [echo] = (await once(chat, 'data')) as [Buffer];
    expect(String(echo)).toBe(message);
  }
  chat.resume().end();
  const [end] = (await once(chat, 'status')) as [{ code: status }];
  expect(end.code).toBe(status.OK);
});

test('an error of the instance comes back with its text and its metadata', async () => {
  const metadata = new Metadata();
  metadata.set('x-why', 'because');
  const client = await clientFor(
    await startGrpcInstance({
      hello: (_, callback) => callback({ code: status.NOT_FOUND, details: 'größe 100%', metadata }),
    }),
  );
  const error = await hello(client, '').catch((reason: unknown) => reason as ServiceError);
  expect(error).toEqual(failure(status.NOT_FOUND, /^größe 100%$/));
  expect((error as ServiceError).metadata.get('x-why')).toEqual(['because']);
});

test('calls on one connection are spread over the instances', async () => {
  const calls = new Map<string, number>();
  const start = (name: string) =>
    startGrpcInstance({
      hello(_, callback) {
        calls.set(name, (calls.get(name) ?? 0) + 1);
        callback(null, Buffer.from(name));
      },
    });
  const client = await clientFor(await start('one'), await start('two'));
  await Promise.all(Array.from({ length: 40 }, () => hello(client, '')));
  for (const count of calls.values()) expect(count).toBeGreaterThan(5);
  expect(calls.size).toBe(2);
});

test('the metadata micro-service names the service', async () => {
  const instance = await startGrpcInstance({ hello: (_, callback) => callback(null, Buffer.from('other')) });
  const { grpc } = await startTestDataPlane(
    testSource(service('go.micro.other', [instance], { protocol: Protocol.PROTOCOL_H2C })),
  );
  const metadata = new Metadata();
  metadata.set('micro-service', 'go.micro.other');
  expect((await hello(grpcClient(grpc), '', metadata)).message).toBe('other');
});

test('an instance on a Unix socket is reached', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'micro-grpc-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const address = `unix:${join(folder, 's')}`;
  const client = await clientFor(
    await startGrpcInstance({ hello: (_, callback) => callback(null, Buffer.from('here')) }, address),
  );
  expect((await hello(client, '')).message).toBe('here');
});

test('what cannot be served ends with a status that says why', async () => {
  const source = testSource();
  const { grpc } = await startTestDataPlane(source);
  const client = grpcClient(grpc);
  await expect(hello(client, '')).rejects.toEqual(failure(status.UNAVAILABLE, /no route table yet/));
  source.serve();
  await expect(hello(client, '')).rejects.toEqual(
    failure(status.UNIMPLEMENTED, /no service for \/go\.micro\.service\.greeter\.Say\/Hello/),
  );
  source.serve(service('go.micro.service.greeter', []));
  await expect(hello(client, '')).rejects.toEqual(failure(status.UNAVAILABLE, /has no live instance/));
  source.serve(service('go.micro.service.greeter', ['127.0.0.1:1']));
  await expect(hello(client, '')).rejects.toEqual(failure(status.UNIMPLEMENTED, /speak HTTP\/1\.1 only/));
  source.serve(service('go.micro.service.greeter', ['127.0.0.1:1'], { protocol: Protocol.PROTOCOL_H2C }));
  await expect(hello(client, '')).rejects.toEqual(failure(status.UNAVAILABLE, /could be reached/));
});

test('the text of a status is percent-encoded', async () => {
  const { grpc } = await startTestDataPlane(testSource(service('x', [])));
  const metadata = new Metadata();
  metadata.set('micro-service', '100% unknown');
  await expect(hello(grpcClient(grpc), '', metadata)).rejects.toEqual(
    failure(status.UNIMPLEMENTED, /^no service for 100% unknown$/),
  );
});

test('a call whose instance cannot be reached, or refuses it, goes to another with its body', async () => {
  const refusing = await startRawInstance((stream) => stream.close(constants.NGHTTP2_REFUSED_STREAM));
  const live = await startGrpcInstance({ hello: (call, callback) => callback(null, call.request) });
  const client = await clientFor('127.0.0.1:1', refusing, live);
  for (let call = 0; call < 20; call += 1) expect((await hello(client, `call ${call}`)).message).toBe(`call ${call}`);
});

test('a call that its instance may have begun is not sent again', async () => {
  let calls = 0;
  const instance = await startRawInstance((stream) => {
    calls += 1;
    stream.session?.destroy();
  });
  const client = await clientFor(instance);
  await expect(hello(client, '')).rejects.toMatchObject({ code: expect.any(Number) as number });
  expect(calls).toBe(1);
});

test.each([
  ['loses its connections', (stream: ServerHttp2Stream) => stream.session?.destroy()],
  ['resets its calls', (stream: ServerHttp2Stream) => stream.close(constants.NGHTTP2_INTERNAL_ERROR)],
])('an instance that %s is set aside', async (_, fail) => {
  const broken = await startRawInstance(fail);
  const live = await startGrpcInstance({ hello: (call, callback) => callback(null, call.request) });
  const client = await clientFor(broken, live);
  let failures = 0;
  for (let call = 0; call < 200; call += 1) await hello(client, '').catch(() => (failures += 1));
  // After five it gets one call from time to time: otherwise every other call would fail.
  expect(failures).toBeLessThan(15);
});

test('an instance that answers with errors of its own is not set aside', async () => {
  const unwilling = await startGrpcInstance({ hello: (_, callback) => callback({ code: status.UNAVAILABLE }) });
  const { grpc, admin } = await startTestDataPlane(greeter(unwilling, unwilling.replace('127.0.0.1', 'localhost')));
  const client = grpcClient(grpc);
  for (let call = 0; call < 30; call += 1) {
    await expect(hello(client, '')).rejects.toMatchObject({ code: status.UNAVAILABLE });
  }
  expect((await sendHttp1(admin, '/metrics')).body).toContain('micro_instances_set_aside 0\n');
});

test('retries have a budget, beyond which a call ends as its first try did', async () => {
  let tries = 0;
  const startRefusing = () =>
    startRawInstance((stream) => {
      tries += 1;
      stream.close(constants.NGHTTP2_REFUSED_STREAM);
    });
  const client = await clientFor(await startRefusing(), await startRefusing());
  const calls = 400;
  for (let call = 0; call < calls; call += 1) {
    await expect(hello(client, '')).rejects.toEqual(failure(status.UNAVAILABLE));
  }
  expect(tries).toBeGreaterThanOrEqual(calls + 100);
  expect(tries).toBeLessThan(2 * calls);
});

test('an instance whose connection is lost in the middle of a stream ends the call as unavailable', async () => {
  const connections: Socket[] = [];
  const server = createHttp2Server();
  server.on('connection', (socket: Socket) => connections.push(socket));
  server.on('stream', (stream) => {
    stream.on('error', () => {});
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.write(Buffer.from([0, 0, 0, 0, 1, 65]));
  });
  const client = await clientFor(await listenForTest(server));
  const call = client.makeServerStreamRequest(
    say.count.path,
    (value: Buffer) => value,
    (value: Buffer) => value,
    Buffer.from(''),
  );
  call.on('error', () => {});
  await once(call, 'data');
  const ended = new Promise<StatusObject>((resolve) => {
    call.once('status', resolve);
  });
  connections[0]?.destroy();
  expect((await ended).code).toBe(status.UNAVAILABLE);
});

test('a cancel of the client reaches the instance', async () => {
  let cancelled = false;
  let arrived = false;
  const client = await clientFor(
    await startGrpcInstance({
      chat(call) {
        arrived = true;
        call.on('cancelled', () => (cancelled = true));
      },
    }),
  );
  const call = client.makeBidiStreamRequest(
    say.chat.path,
    (value: Buffer) => value,
    (value: Buffer) => value,
  );
  call.on('error', () => {});
  call.write(Buffer.from('x'));
  await vi.waitFor(() => expect(arrived).toBe(true));
  call.cancel();
  await vi.waitFor(() => expect(cancelled).toBe(true));
});

test('a reset of the instance reaches the client', async () => {
  const client = await clientFor(await startRawInstance((stream) => stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM)));
  await expect(hello(client, '')).rejects.toEqual(failure(status.RESOURCE_EXHAUSTED));
});

test('a deadline ends the call here and at the instance, even if the client forgets it', async () => {
  let isReset = false;
  const instance = await startRawInstance((stream) => stream.once('close', () => (isReset = true)));
  const { grpc, admin } = await startTestDataPlane(greeter(instance));
  const session = connectHttp2(`http://${grpc.host}:${grpc.port}`);
  onTestFinished(() => session.destroy());
  const stream = session.request({
    ':method': 'POST',
    ':path': say.hello.path,
    'content-type': 'application/grpc',
    'grpc-timeout': '50m',
  });
  const [head] = (await once(stream, 'response')) as [Record<string, string>];
  expect(head['grpc-status']).toBe(String(status.DEADLINE_EXCEEDED));
  await vi.waitFor(() => expect(isReset).toBe(true));
  await vi.waitFor(async () => {
    const { body } = await sendHttp1(admin, '/metrics');
    expect(body).toContain(
      'micro_service_requests_total{service="go.micro.service.greeter",grpc_code="DEADLINE_EXCEEDED"} 1',
    );
  });
});

test('a deadline ends a call in the middle of its answer as well', async () => {
  let isReset = false;
  const instance = await startRawInstance((stream) => {
    stream.once('close', () => (isReset = true));
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.write(Buffer.from([0, 0, 0, 0, 0]));
  });
  const { grpc } = await startTestDataPlane(greeter(instance));
  const session = connectHttp2(`http://${grpc.host}:${grpc.port}`);
  onTestFinished(() => session.destroy());
  const stream = session.request({
    ':method': 'POST',
    ':path': say.hello.path,
    'content-type': 'application/grpc',
    'grpc-timeout': '200m',
  });
  stream.resume();
  const [trailers] = (await once(stream, 'trailers')) as [Record<string, string>];
  expect(trailers['grpc-status']).toBe(String(status.DEADLINE_EXCEEDED));
  await vi.waitFor(() => expect(isReset).toBe(true));
});

test('an instance that ends a stream without an answer makes the call unavailable', async () => {
  const client = await clientFor(await startRawInstance((stream) => stream.close(constants.NGHTTP2_NO_ERROR)));
  await expect(hello(client, '')).rejects.toEqual(failure(status.UNAVAILABLE));
});

test('a client that reads slowly holds its instance back', async () => {
  let written = 0;
  const instance = await startRawInstance((stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
    const chunk = Buffer.alloc(64 * 1024);
    const write = (): void => {
      while (stream.write(chunk)) written += chunk.length;
      written += chunk.length;
      stream.once('drain', write);
    };
    write();
  });
  const { grpc } = await startTestDataPlane(greeter(instance));
  const session = connectHttp2(`http://${grpc.host}:${grpc.port}`);
  onTestFinished(() => session.destroy());
  const stream = session.request({ ':method': 'POST', ':path': say.count.path, 'content-type': 'application/grpc' });
  await once(stream, 'response');
  // What the windows and buffers of three hops hold, and then no more.
  let before = -1;
  await vi.waitFor(
    () => {
      const now = written;
      const isStill = now === before;
      before = now;
      expect(isStill).toBe(true);
    },
    { interval: 100 },
  );
  expect(written).toBeLessThan(4 * 1024 * 1024);
});

test.each([
  ['HTTP/1.1', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['another protocol', '\u0016\u0003\u0001\u0002\u0000'],
])('a connection that speaks %s is told what is spoken here', async (_, bytes) => {
  const { grpc } = await startTestDataPlane(greeter());
  const socket = rawConnection(grpc);
  socket.write(bytes);
  const answer = await text(socket);
  expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
  expect(answer).toContain('this address speaks gRPC');
});

test('a request that is not gRPC is 415', async () => {
  const { grpc } = await startTestDataPlane(greeter());
  const session = connectHttp2(`http://${grpc.host}:${grpc.port}`);
  onTestFinished(() => session.destroy());
  const stream = session.request({ ':path': say.hello.path });
  const [head] = (await once(stream, 'response')) as [Record<string, unknown>];
  expect(head[':status']).toBe(415);
});

test('what is behind an instance address that is no HTTP/2 makes the call unavailable', async () => {
  const instance = createTcpServer((socket) => socket.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  const client = await clientFor(await listenForTest(instance));
  await expect(hello(client, '')).rejects.toEqual(failure(status.UNAVAILABLE));
});

test('a call that is answered before its request has ended is over, however much of that was on its way', async () => {
  const lines: string[] = [];
  const instance = await startRawInstance((stream) =>
    stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '3' }, { endStream: true }),
  );
  const { grpc } = await startTestDataPlane(greeter(instance), {
    accessLog: { write: (line) => void lines.push(line) },
  });
  const session = connectHttp2(`http://${grpc.host}:${grpc.port}`);
  onTestFinished(() => session.destroy());
  const stream = session.request({
    ':method': 'POST',
    ':path': say.collect.path,
    'content-type': 'application/grpc',
  });
  stream.write(Buffer.alloc(200_000));
  const [head] = (await once(stream, 'response')) as [Record<string, string>];
  expect(head['grpc-status']).toBe(String(status.INVALID_ARGUMENT));
  await vi.waitFor(() => expect(lines).toHaveLength(1));
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ status: 'INVALID_ARGUMENT' });
});
