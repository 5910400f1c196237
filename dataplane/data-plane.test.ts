import { EventEmitter, once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { createServer, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { connectivityState } from '@grpc/grpc-js';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { parseTcpAddress, type TcpAddress } from '../proto/channel/address.ts';
import { Protocol } from '../proto/gen/micro/routes/v1/routes.ts';
import {
  listenForTest,
  rawConnection,
  service,
  startTestDataPlane,
  type TestSource,
  testSource,
} from './data-plane.fixture.ts';
import { DataPlaneError } from './errors.ts';
import { grpcClient, hello, startGrpcInstance } from './grpc/grpc.fixture.ts';
import { echo, sendHttp1, sendHttp2, ways } from './http/http.fixture.ts';

describe.each(['http', 'grpc', 'admin'] as const)('the %s entrypoint', (entrypoint) => {
  test('on an address that is taken is refused with its name and address', async () => {
    const taken = await listenForTest(createServer());
    const starting = startTestDataPlane(testSource(), { [entrypoint]: parseTcpAddress(taken) });
    await expect(starting).rejects.toThrow(
      new DataPlaneError(
        'address-in-use',
        `the ${entrypoint} entrypoint cannot listen on ${taken}: another program does; choose another address`,
        { entrypoint },
      ),
    );
  });

  test('on an address of another machine is refused', async () => {
    const starting = startTestDataPlane(testSource(), { [entrypoint]: { host: '192.0.2.1', port: 0 } });
    await expect(starting).rejects.toMatchObject({
      code: 'cannot-listen',
      message: expect.stringMatching(/^the .* entrypoint cannot listen on 192\.0\.2\.1:0: .*; choose another address$/),
      entrypoint,
    });
  });
});

test('a data plane that could not start leaves nothing listening', async () => {
  const port = Number((await listenForTest(createServer())).split(':')[1]);
  const free = createServer();
  const freeAddress = parseTcpAddress(await listenForTest(free));
  await new Promise((resolve) => {
    free.close(resolve);
  });
  await expect(
    startTestDataPlane(testSource(), { http: freeAddress, grpc: { host: '127.0.0.1', port } }),
  ).rejects.toThrow('grpc');
  const { http } = await startTestDataPlane(testSource(), { http: freeAddress });
  expect(http).toEqual(freeAddress);
});

describe('stop', () => {
  test('lets a request in flight finish, while nothing new is accepted', async () => {
    const answers: ServerResponse[] = [];
    const instance = await ways[0].start((_, response) => {
      response.write('begun ');
      answers.push(response);
    });
    const source = testSource(service('go.micro.api.greeter', [instance]));
    const dataPlane = await startTestDataPlane(source, { timeouts: { drainMs: 10_000 } });
    const answer = sendHttp1(dataPlane.http, '/api/greeter/');
    await vi.waitFor(() => expect(answers).toHaveLength(1));

    const stopped = dataPlane.stop();
    await expect(sendHttp1(dataPlane.http, '/api/greeter/')).rejects.toThrow('ECONNREFUSED');
    const ready = await sendHttp1(dataPlane.admin, '/readyz');
    expect(JSON.parse(ready.body)).toMatchObject({ status: 'stopping' });
    answers[0]?.end('and finished');
    expect((await answer).body).toBe('begun and finished');
    await stopped;
  });

  test('lets a gRPC call in flight finish, and sends its client elsewhere with the next', async () => {
    const finish: (() => void)[] = [];
    const instance = await startGrpcInstance({
      hello: (_, callback) => finish.push(() => callback(null, Buffer.from('hi'))),
    });
    const source = testSource(service('go.micro.service.greeter', [instance], { protocol: Protocol.PROTOCOL_H2C }));
    const dataPlane = await startTestDataPlane(source, { timeouts: { drainMs: 10_000 } });
    const client = grpcClient(dataPlane.grpc);
    const answer = hello(client, '');
    await vi.waitFor(() => expect(finish).toHaveLength(1));
    const stopped = dataPlane.stop();
    await expect(sendHttp1(dataPlane.grpc, '/')).rejects.toThrow('ECONNREFUSED');
    await vi.waitFor(() => expect(client.getChannel().getConnectivityState(false)).not.toBe(connectivityState.READY));
    finish[0]?.();
    expect((await answer).message).toBe('hi');
    await expect(stopped).resolves.toBeUndefined();
  });

  test('ends connections at rest at once', async () => {
    const source = testSource(service('go.micro.api.greeter', [await ways[0].start(echo)]));
    const dataPlane = await startTestDataPlane(source, { timeouts: { drainMs: 60_000 } });
    const silentOne = rawConnection(dataPlane.http);
    await once(silentOne, 'connect');
    const kept = rawConnection(dataPlane.http);
    kept.write('GET /api/greeter/ HTTP/1.1\r\nHost: a\r\n\r\n');
    await once(kept, 'data');
    const session = connectHttp2(`http://127.0.0.1:${dataPlane.http.port}`);
    onTestFinished(() => session.destroy());
    await once(session, 'remoteSettings');
    await expect(dataPlane.stop()).resolves.toBeUndefined();
  });

  test('ends what is still in flight after its deadline', async () => {
    const instance = await ways[0].start((_, response) => void response.write('begun'));
    const source = testSource(service('go.micro.api.greeter', [instance]));
    const dataPlane = await startTestDataPlane(source, { timeouts: { drainMs: 50 } });
    const answer = sendHttp1(dataPlane.http, '/api/greeter/');
    const outcome = answer.catch((error: Error) => error.message);
    await vi.waitFor(async () => {
      expect((await sendHttp1(dataPlane.admin, '/metrics')).body).toContain(
        'micro_open_connections{entrypoint="http"} 1',
      );
    });
    await dataPlane.stop();
    expect(await outcome).toBe('aborted');
  });
});

describe('the grace before the end', () => {
  const drainGraceMs = 60_000;

  /** Stops a data plane; its grace ends when the test says so. */
  async function startStoppable(source: TestSource) {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const dataPlane = await startTestDataPlane(source, { timeouts: { drainGraceMs, drainMs: drainGraceMs } });
    const endGrace = () => vi.advanceTimersByTime(drainGraceMs);
    onTestFinished(() => void endGrace());
    return { ...dataPlane, endGrace };
  }

  test('is not ready, serves, and makes each answer over HTTP/1.1 the last on its connection', async () => {
    const answers: ServerResponse[] = [];
    const asked = new EventEmitter();
    const slow = await ways[0].start((_, response) => {
      answers.push(response);
      asked.emit('asked');
    });
    const source = testSource(
      service('go.micro.api.greeter', [await ways[0].start(echo)]),
      service('go.micro.api.slow', [slow]),
    );
    const dataPlane = await startStoppable(source);
    const atRest = await keptConnection(dataPlane.http);
    const used = await keptConnection(dataPlane.http);
    const inFlight = sendHttp1(dataPlane.http, '/api/slow/');
    await once(asked, 'asked');

    const stopped = dataPlane.stop();
    const ready = await sendHttp1(dataPlane.admin, '/readyz');
    expect([ready.status, JSON.parse(ready.body)]).toMatchObject([503, { status: 'stopping' }]);
    used.write('GET /api/greeter/ HTTP/1.1\r\nHost: a\r\n\r\n');
    expect(await text(used)).toMatch(/HTTP\/1\.1 200 [^]*connection: close\r\n/i);
    const another = await sendHttp1(dataPlane.http, '/api/greeter/', { headers: { connection: 'keep-alive' } });
    expect(another).toMatchObject({ status: 200, headers: { connection: 'close' } });
    answers[0]?.end('finished');
    expect(await inFlight).toMatchObject({ body: 'finished', headers: { connection: 'close' } });

    expect(atRest.readableEnded).toBe(false);
    dataPlane.endGrace();
    await expect(sendHttp1(dataPlane.http, '/api/greeter/')).rejects.toThrow('ECONNREFUSED');
    await text(atRest);
    await expect(stopped).resolves.toBeUndefined();
  });

  test('answers all that a client pipelined, the last one with Connection: close', async () => {
    const answers: ServerResponse[] = [];
    const asked = new EventEmitter();
    // HTTP/2, so that the full lane serves them: it begins with the second before the first is answered.
    const { start, protocol } = ways[1];
    const instance = await start((_, response) => {
      if (answers.push(response) === 2) asked.emit('both');
    });
    const dataPlane = await startStoppable(testSource(service('go.micro.api.slow', [instance], { protocol })));
    const client = rawConnection(dataPlane.http);
    client.write('GET /api/slow/ HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(2));
    await once(asked, 'both');
    const stopped = dataPlane.stop();
    for (const answer of answers) answer.end('finished');
    expect((await text(client)).match(/connection: .*|finished/gi)).toEqual([
      'finished',
      'Connection: close',
      'finished',
    ]);
    dataPlane.endGrace();
    await stopped;
  });

  test.each(ways.slice(0, 2))(
    'ends a connection when an answer that was on its way is out, over $instance',
    async (way) => {
      const answers: ServerResponse[] = [];
      const instance = await way.start((_, response) => {
        answers.push(response);
        response.write('begun ');
      });
      const { protocol } = way;
      const dataPlane = await startStoppable(testSource(service('go.micro.api.slow', [instance], { protocol })));
      const client = rawConnection(dataPlane.http);
      client.write('GET /api/slow/ HTTP/1.1\r\nHost: a\r\n\r\n');
      await once(client, 'data');
      const stopped = dataPlane.stop();
      dataPlane.endGrace();
      answers[0]?.end('finished');
      expect(await text(client)).toContain('finished');
      await expect(stopped).resolves.toBeUndefined();
    },
  );

  test('sends GOAWAY over HTTP/2, and finishes what is in flight', async () => {
    const answers: ServerResponse[] = [];
    const asked = new EventEmitter();
    const instance = await ways[0].start((_, response) => {
      answers.push(response);
      asked.emit('asked');
    });
    const dataPlane = await startStoppable(testSource(service('go.micro.api.greeter', [instance])));
    const session = connectHttp2(`http://127.0.0.1:${dataPlane.http.port}`);
    onTestFinished(() => session.destroy());
    const stream = session.request({ ':path': '/api/greeter/' });
    await once(asked, 'asked');

    const stopped = dataPlane.stop();
    await once(session, 'goaway');
    const another = sendHttp2(dataPlane.http, '/api/greeter/');
    await once(asked, 'asked');
    answers[0]?.end('finished');
    answers[1]?.end('served');
    expect(await text(stream)).toBe('finished');
    expect((await another).body).toBe('served');
    dataPlane.endGrace();
    await expect(stopped).resolves.toBeUndefined();
  });

  /** A connection on which a request was answered. */
  async function keptConnection(address: TcpAddress): Promise<Socket> {
    const socket = rawConnection(address);
    socket.write('GET /api/greeter/ HTTP/1.1\r\nHost: a\r\n\r\n');
    await once(socket, 'data');
    return socket;
  }
});
