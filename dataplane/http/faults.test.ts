import { once } from 'node:events';
import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import { connect as connectHttp2, type IncomingHttpHeaders } from 'node:http2';
import { createServer as createTcpServer, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { TcpAddress } from '../../proto/channel/address.ts';
import { listenForTest, rawConnection, service, startTestDataPlane, testSource } from '../data-plane.fixture.ts';
import { deadAddress, echo, sendHttp1, sendHttp2, ways } from './http.fixture.ts';

/** Sends a request and leaves as soon as `leave` is called. */
function leavingClient(client: string, { host, port }: TcpAddress, target: string): () => void {
  if (client === 'HTTP/2') {
    const session = connectHttp2(`http://${host}:${port}`).on('error', () => {});
    const stream = session.request({ ':path': target }).on('error', () => {});
    onTestFinished(() => session.destroy());
    return () => stream.close();
  }
  const outgoing = request({ host, port, path: target, agent: false }).on('error', () => {});
  outgoing.end();
  return () => {
    outgoing.destroy();
  };
}

/** Sends the beginning of a request, and waits for its answer without ever ending it. */
async function earlyAnswer(client: string, { host, port }: TcpAddress, target: string) {
  const beginning = Buffer.alloc(200_000);
  if (client === 'HTTP/2') {
    const session = connectHttp2(`http://${host}:${port}`);
    onTestFinished(() => session.destroy());
    const stream = session.request({ ':method': 'POST', ':path': target });
    stream.write(beginning);
    const [head] = (await once(stream, 'response')) as [IncomingHttpHeaders];
    return { status: Number(head[':status']), body: await text(stream) };
  }
  const outgoing = request({ host, port, path: target, method: 'POST', agent: false }).on('error', () => {});
  onTestFinished(() => void outgoing.destroy());
  outgoing.write(beginning);
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  return { status: answer.statusCode, body: await text(answer) };
}

describe.each(ways)('from a client on $client to an instance on $instance', ({ client, send, start, protocol }) => {
  const sourceFor = (...addresses: string[]) => testSource(service('go.micro.api.greeter', addresses, { protocol }));

  test('an instance that cannot be reached is passed over, whatever the method, and the body arrives whole', async () => {
    const live = await start(echo);
    const { http } = await startTestDataPlane(sourceFor(await deadAddress(), live, await deadAddress()));
    for (let call = 0; call < 10; call += 1) {
      const answer = await send(http, '/api/greeter/', { method: 'POST', body: ['he', 'llo'] });
      expect(answer.status).toBe(200);
      expect(JSON.parse(answer.body)).toMatchObject({ body: 'hello' });
    }
  });

  test('where no instance can be reached the answer is 502', async () => {
    const { http } = await startTestDataPlane(sourceFor(await deadAddress(), await deadAddress()));
    const answer = await send(http, '/api/greeter/');
    expect(answer.status).toBe(502);
    expect(JSON.parse(answer.body)).toEqual({
      id: 'micro.dataplane',
      code: 502,
      detail: 'an instance of go.micro.api.greeter failed',
      status: 'Bad Gateway',
    });
  });

  test('an idempotent request without a body is sent again when its instance dies before it answers', async () => {
    const dying = await start((incoming) => incoming.socket.destroy());
    const live = await start(echo);
    const { http, admin } = await startTestDataPlane(sourceFor(dying, live));
    for (let call = 0; call < 10; call += 1) expect((await send(http, '/api/greeter/')).status).toBe(200);
    const metrics = await sendHttp1(admin, '/metrics');
    expect(metrics.body).toMatch(/micro_retries_total\{entrypoint="http"\} [1-9]/);
  });

  test.each([
    ['dies', (incoming: IncomingMessage) => incoming.socket.destroy()],
    ['answers 503', (_: IncomingMessage, response: ServerResponse) => response.writeHead(503).end()],
  ])('an instance that five times in a row %s is set aside', async (_, fail) => {
    let calls = 0;
    const failing = await start((incoming, response) => {
      calls += 1;
      fail(incoming, response);
    });
    const { http, admin } = await startTestDataPlane(sourceFor(failing, await start(echo)));
    const isSetAside = async () => (await sendHttp1(admin, '/metrics')).body.includes('micro_instances_set_aside 1\n');
    while (!(await isSetAside())) await send(http, '/api/greeter/');
    expect(calls).toBeGreaterThanOrEqual(5);
  });

  test('retries have a budget, beyond which a call ends as its first try did', async () => {
    let tries = 0;
    const startDying = () =>
      start((incoming) => {
        tries += 1;
        incoming.socket.destroy();
      });
    const { http } = await startTestDataPlane(sourceFor(await startDying(), await startDying()));
    const calls = 400;
    for (let sent = 0; sent < calls; sent += 20) {
      const answers = await Promise.all(Array.from({ length: 20 }, () => send(http, '/api/greeter/')));
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([502]));
    }
    expect(tries).toBeGreaterThanOrEqual(calls + 100);
    expect(tries).toBeLessThan(2 * calls);
  });

  test('a request that may have had an effect is not sent again', async () => {
    let posts = 0;
    const dying = await start((incoming) => {
      posts += 1;
      incoming.socket.destroy();
    });
    const { http } = await startTestDataPlane(sourceFor(dying));
    expect((await send(http, '/api/greeter/', { method: 'POST', body: ['x'] })).status).toBe(502);
    expect(posts).toBe(1);
  });

  test('an instance that is too slow is answered for with 504', async () => {
    const slow = await start(() => {});
    const { http } = await startTestDataPlane(sourceFor(slow), { timeouts: { answerHeadMs: 50 } });
    const answer = await send(http, '/api/greeter/');
    expect(answer.status).toBe(504);
    expect(JSON.parse(answer.body)).toMatchObject({ code: 504, status: 'Gateway Timeout' });
  });

  test('an answer that comes before the request has ended is passed on whole, and ends the call', async () => {
    const lines: string[] = [];
    const instance = await start((_, response) => response.writeHead(413).end('too large'));
    const { http } = await startTestDataPlane(sourceFor(instance), {
      accessLog: { write: (line) => void lines.push(line) },
    });
    const { status, body } = await earlyAnswer(client, http, '/api/greeter/');
    expect({ status, body }).toEqual({ status: 413, body: 'too large' });
    await vi.waitFor(() => expect(lines).toHaveLength(1));
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ status: 413 });
  });

  test('an instance that dies in the middle of its answer breaks the answer to the client', async () => {
    const connections: Socket[] = [];
    const instance = await start(
      (_, response) => {
        response.write('the beginning');
        setImmediate(() => connections[0]?.destroy());
      },
      (socket) => connections.push(socket),
    );
    const { http } = await startTestDataPlane(sourceFor(instance));
    await expect(send(http, '/api/greeter/')).rejects.toThrow(/aborted|reset|INTERNAL_ERROR/);
  });

  test.each(['before', 'after'])(
    'a client that leaves %s the head of the answer ends the work of the instance',
    async (when) => {
      let ended = false;
      let arrived = false;
      const instance = await start((_, response) => {
        arrived = true;
        if (when === 'after') response.write('the beginning');
        (response as ServerResponse).once('close', () => (ended = true));
      });
      const { http } = await startTestDataPlane(sourceFor(instance), { timeouts: { halfClosedMs: 50 } });
      const leave = leavingClient(client, http, '/api/greeter/');
      await vi.waitFor(() => expect(arrived).toBe(true));
      leave();
      await vi.waitFor(() => expect(ended).toBe(true));
    },
  );

  test('no request is lost when an instance is killed under load', async () => {
    const connections: Socket[] = [];
    const doomed = await start(echo, (socket) => {
      if (isKilled) socket.destroy();
      else connections.push(socket);
    });
    let isKilled = false;
    const { http } = await startTestDataPlane(sourceFor(doomed, await start(echo)));
    const answers = Array.from({ length: 60 }, async (_, index) => {
      if (index === 30) {
        isKilled = true;
        for (const socket of connections) socket.destroy();
      }
      return (await send(http, '/api/greeter/')).status;
    });
    expect(new Set(await Promise.all(answers))).toEqual(new Set([200]));
  });
});

test('a kept connection that the instance closed meanwhile costs no request', async () => {
  // It answers one request on each connection, says that it keeps it, and resets it with the next.
  const instance = createTcpServer((socket) => {
    let requests = 0;
    socket.on('error', () => {});
    socket.on('data', () => {
      requests += 1;
      if (requests > 1) socket.resetAndDestroy();
      else socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
    });
  });
  const { http } = await startTestDataPlane(
    testSource(service('go.micro.api.greeter', [await listenForTest(instance)])),
  );
  for (let call = 0; call < 5; call += 1) expect((await sendHttp1(http, '/api/greeter/')).body).toBe('ok');
});

test.each([
  // One request at a time is begun there, several at once here.
  { lane: 'fast', header: '', begun: 1 },
  { lane: 'full', header: 'Trailer: x\r\n', begun: 6 },
])('a client that leaves the $lane lane ends its pipelined requests too', async ({ header, begun }) => {
  const lines: string[] = [];
  const instance = await ways[0].start((incoming, response) => {
    if (incoming.url !== '/slow') response.end('ok');
  });
  const { http } = await startTestDataPlane(testSource(service('go.micro.api.greeter', [instance])), {
    accessLog: { write: (line) => void lines.push(line) },
    timeouts: { halfClosedMs: 50 },
  });
  const socket = rawConnection(http);
  const get = (target: string) => `GET /api/greeter/${target} HTTP/1.1\r\nHost: a\r\n${header}\r\n`;
  socket.write(get('slow') + get('quick').repeat(5));
  await vi.waitFor(async () => expect((await sendHttp1(http, '/api/greeter/')).status).toBe(200));
  lines.length = 0;
  socket.destroy();
  await vi.waitFor(() => expect(lines).toHaveLength(begun));
});

test('a service without instances is 503, before the first table everything is', async () => {
  const source = testSource();
  const { http } = await startTestDataPlane(source);
  expect((await sendHttp1(http, '/api/greeter/')).status).toBe(503);
  source.serve(service('go.micro.api.greeter', []));
  const answer = await sendHttp1(http, '/api/greeter/');
  expect(JSON.parse(answer.body)).toMatchObject({ code: 503, detail: 'go.micro.api.greeter has no live instance' });
});

test.each([
  ['no HTTP', '220 mail.example ESMTP\r\n'],
  ['an upgrade', 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n'],
  ['without a known status', 'HTTP/1.1 000 Nothing\r\nContent-Length: 0\r\n\r\n'],
  ['of a status that HTTP/2 cannot carry', 'HTTP/1.1 999 Denied\r\nContent-Length: 0\r\n\r\n'],
  ['of two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
])('an answer that is %s is 502', async (_, bytes) => {
  const instance = createTcpServer((socket) => socket.on('error', () => {}).once('data', () => socket.end(bytes)));
  const { http } = await startTestDataPlane(
    testSource(service('go.micro.api.greeter', [await listenForTest(instance)])),
  );
  expect((await sendHttp1(http, '/api/greeter/')).status).toBe(502);
  expect((await sendHttp2(http, '/api/greeter/')).status).toBe(502);
});

test('a reason phrase that cannot be passed on is left out', async () => {
  const instance = createTcpServer((socket) =>
    socket.once('data', () => socket.end('HTTP/1.1 200 O\u0001K\r\nContent-Length: 2\r\n\r\nok')),
  );
  const { http } = await startTestDataPlane(
    testSource(service('go.micro.api.greeter', [await listenForTest(instance)])),
  );
  expect(await sendHttp1(http, '/api/greeter/')).toMatchObject({ status: 200, body: 'ok' });
});

test('an instance that is removed from the table finishes what it has begun', async () => {
  const finish: (() => void)[] = [];
  const instance = await ways[0].start((_, response) => {
    response.write('begun ');
    finish.push(() => response.end('and finished'));
  });
  const source = testSource(service('go.micro.api.greeter', [instance]));
  const { http } = await startTestDataPlane(source);
  const answer = sendHttp1(http, '/api/greeter/');
  await vi.waitFor(() => expect(finish).toHaveLength(1));
  source.serve();
  finish[0]?.();
  expect((await answer).body).toBe('begun and finished');
});
