import { once } from 'node:events';
import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { createServer as createTcpServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { listenForTest, rawConnection, service, startTestDataPlane, testSource } from '../data-plane.fixture.ts';
import { echo, sendHttp1, ways } from './http.fixture.ts';

const greeter = (...addresses: string[]) => testSource(service('go.micro.api.greeter', addresses));

describe.each(ways)('from a client on $client to an instance on $instance', ({ client, start, protocol }) => {
  test('an event stream comes event by event', async () => {
    const answers: ServerResponse[] = [];
    const instance = await start((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      (response as Partial<ServerResponse>).flushHeaders?.();
      answers.push(response);
    });
    const { http } = await startTestDataPlane(testSource(service('go.micro.api.events', [instance], { protocol })));
    const events: string[] = [];
    const { host, port } = http;
    if (client === 'HTTP/2') {
      const session = connectHttp2(`http://${host}:${port}`);
      onTestFinished(() => session.destroy());
      const stream = session.request({ ':path': '/api/events/' }).setEncoding('utf8');
      stream.on('data', (event: string) => events.push(event));
      if (protocol === ways[0].protocol) await once(stream, 'response');
    } else {
      const outgoing = request({ host, port, path: '/api/events/', agent: false }).end();
      onTestFinished(() => void outgoing.destroy());
      outgoing.once('response', (answer) => {
        answer.on('error', () => {});
        answer.setEncoding('utf8').on('data', (event: string) => events.push(event));
      });
      // The head comes although no event has.
      if (protocol === ways[0].protocol) await once(outgoing, 'response');
    }
    await vi.waitFor(() => expect(answers).toHaveLength(1));
    for (const event of ['data: 1\n\n', 'data: 2\n\n', 'data: 3\n\n']) {
      answers[0]?.write(event);
      await vi.waitFor(() => expect(events.at(-1)).toBe(event));
    }
    expect(events).toHaveLength(3);
  });
});

test('headers for one connection only do not come back', async () => {
  const instance = createTcpServer((socket) => {
    socket.once('data', () =>
      socket.end(
        'HTTP/1.1 200 Fine\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nProxy-Authenticate: Basic\r\n' +
          'Upgrade: h2c\r\nX-Kept: 1\r\nContent-Length: 2\r\n\r\nok',
      ),
    );
  });
  const { http } = await startTestDataPlane(greeter(await listenForTest(instance)));
  const socket = rawConnection(http);
  socket.write('GET /api/greeter/ HTTP/1.1\r\nHost: a\r\n\r\n');
  const [answer] = (await once(socket, 'data')) as [Buffer];
  const [statusLine, ...lines] = String(answer).split('\r\n');
  expect(statusLine).toBe('HTTP/1.1 200 Fine');
  expect(lines.map((line) => line.split(':')[0]?.toLowerCase())).toEqual(
    expect.arrayContaining(['x-kept', 'content-length', 'date']),
  );
  expect(String(answer)).not.toMatch(/x-hop|proxy-authenticate|upgrade/i);
});

test('a request that comes byte by byte is served', async () => {
  const { http } = await startTestDataPlane(greeter(await ways[0].start(echo)));
  const socket = rawConnection(http).setNoDelay();
  for (const byte of 'POST /api/greeter/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok') {
    await new Promise((resolve) => {
      socket.write(byte, resolve);
    });
  }
  expect(await text(socket)).toContain('"body":"ok"');
});

test('a client that expects 100 Continue gets it, and its body goes on', async () => {
  const { http } = await startTestDataPlane(greeter(await ways[0].start(echo)));
  const outgoing = request({
    ...http,
    path: '/api/greeter/',
    method: 'POST',
    agent: false,
    headers: { expect: '100-continue' },
  });
  outgoing.flushHeaders();
  await once(outgoing, 'continue');
  outgoing.end('hello');
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  const seen = JSON.parse(await text(answer)) as { body: string; headers: object };
  expect(seen.body).toBe('hello');
  expect(seen.headers).not.toHaveProperty('expect');
});

test('errors are JSON, or a page where the client prefers HTML', async () => {
  const { http } = await startTestDataPlane(greeter());
  const json = await sendHttp1(http, '/api/<b>/');
  expect(json.headers['content-type']).toBe('application/json; charset=utf-8');
  expect(JSON.parse(json.body)).toEqual({
    id: 'micro.dataplane',
    code: 404,
    detail: 'no service go.micro.api.<b>',
    status: 'Not Found',
  });
  const page = await sendHttp1(http, '/api/<b>/', { headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' } });
  expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
  expect(page.body).toContain('no service go.micro.api.&lt;b&gt;');
  const neither = await sendHttp1(http, '/api/nobody/', { headers: { accept: 'image/png' } });
  expect(neither.headers['content-type']).toBe('application/json; charset=utf-8');
  expect((await sendHttp1(http, '/api/nobody/', { method: 'HEAD' })).body).toBe('');
});

test('a path that is no service is told what paths begin with', async () => {
  const { http } = await startTestDataPlane(greeter());
  const { status, body } = await sendHttp1(http, '/');
  expect(status).toBe(404);
  expect((JSON.parse(body) as { detail: string }).detail).toBe(
    'no service has this path: it would begin with /api/ or /web/ or /service/ and a name',
  );
});

test.each([
  ['a head above 16 KiB', `GET / HTTP/1.1\r\nHost: a\r\nX-Long: ${'x'.repeat(17_000)}\r\n\r\n`, 431],
  ['more than 100 headers', `GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${'X: 1\r\n'.repeat(100)}\r\n`, 431],
  ['a path above 8 KiB', `GET /${'x'.repeat(8_200)} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`, 414],
  [
    'a path above 8 KiB in the full lane',
    `GET /${'x'.repeat(8_200)} HTTP/1.1\r\nHost: a\r\nTrailer: x\r\nConnection: close\r\n\r\n`,
    414,
  ],
  ['no host', 'GET / HTTP/1.1\r\n\r\n', 400],
  ['two hosts', 'GET /api/greeter/ HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n', 400],
  ['two lengths', 'POST /api/greeter/ HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab', 400],
  [
    'a length beside chunks',
    'POST /api/greeter/ HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    400,
  ],
  [
    'a transfer coding that is not chunked',
    'POST /api/greeter/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n',
    400,
  ],
  ['white space before a colon', 'GET / HTTP/1.1\r\nHost : a\r\n\r\n', 400],
  ['what is no HTTP', 'hello\r\n\r\n', 400],
])('%s is refused, and reaches no instance', async (_, bytes, status) => {
  let requests = 0;
  const instance = await ways[0].start((_incoming, response) => {
    requests += 1;
    response.end();
  });
  const { http } = await startTestDataPlane(greeter(instance));
  const socket = rawConnection(http);
  socket.write(bytes);
  const answer = await text(socket);
  expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  expect(requests).toBe(0);
});

test('a malformed request is answered in the shape of every error', async () => {
  const { http } = await startTestDataPlane(greeter());
  const socket = rawConnection(http);
  socket.write('hello\r\n\r\n');
  const [, body = ''] = (await text(socket)).split('\r\n\r\n');
  expect(JSON.parse(body)).toEqual({
    id: 'micro.dataplane',
    code: 400,
    detail: 'the request is malformed',
    status: 'Bad Request',
  });
});

test.each(['', 'PRI * HTT', 'GET / HTTP/1.1\r\nHost:'])(
  'a client that is slow after "%s" is cut off',
  async (bytes) => {
    const { http } = await startTestDataPlane(greeter(), { timeouts: { requestHeadMs: 50 } });
    const socket = rawConnection(http);
    socket.on('error', () => {}).resume();
    socket.write(bytes);
    await expect(once(socket, 'close')).resolves.toBeDefined();
  },
);

test('a connection that rests for too long is closed', async () => {
  const { http } = await startTestDataPlane(greeter(), { timeouts: { idleMs: 50 } });
  const overHttp1 = rawConnection(http).resume();
  overHttp1.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  const overHttp2 = connectHttp2(`http://${http.host}:${http.port}`);
  await expect(Promise.all([once(overHttp1, 'close'), once(overHttp2, 'close')])).resolves.toBeDefined();
});

test('a client over HTTP/2 that sends too large a head gets its stream reset', async () => {
  const { http } = await startTestDataPlane(greeter(await ways[0].start(echo)));
  const session = connectHttp2(`http://${http.host}:${http.port}`);
  onTestFinished(() => session.destroy());
  const headers = Object.fromEntries(Array.from({ length: 150 }, (_, index) => [`x-${index}`, '1']));
  const stream = session.request({ ':path': '/api/greeter/', ...headers });
  await expect(once(stream, 'response')).rejects.toThrow('NGHTTP2_ENHANCE_YOUR_CALM');
});
