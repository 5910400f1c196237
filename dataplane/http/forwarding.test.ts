import { createServer as createTcpServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { listenForTest, rawConnection, service, startTestDataPlane, testSource } from '../data-plane.fixture.ts';
import { echo, type Received, type Seen, sendHttp2, ways } from './http.fixture.ts';

const seen = ({ body }: Received): Seen => JSON.parse(body) as Seen;

describe.each(ways)('from a client on $client to an instance on $instance', ({ send, start, protocol }) => {
  const dataPlaneFor = async (listener: Parameters<typeof start>[0], name = 'go.micro.api.greeter') =>
    startTestDataPlane(testSource(service(name, [await start(listener)], { protocol })));

  test('a request reaches its service without its prefix, and its answer comes back', async () => {
    const { http } = await dataPlaneFor((request, response) => {
      response.writeHead(201, {
        'content-type': 'text/plain',
        'set-cookie': ['a=1', 'b=2'],
        'x-url': request.url ?? '',
      });
      response.end('made');
    });
    const answer = await send(http, '/api/greeter/hello?x=1');
    expect(answer).toMatchObject({ status: 201, body: 'made' });
    expect(answer.headers).toMatchObject({
      'content-type': 'text/plain',
      'set-cookie': ['a=1', 'b=2'],
      'x-url': '/hello?x=1',
    });
  });

  test.each(['/api/greeter//a//b?u=http://c//d', '/api/greeter/a\\b', "/api/greeter/a%2Fb;c=d'e"])(
    'the path that was looked up is sent on byte for byte: %s',
    async (target) => {
      const { http } = await dataPlaneFor(echo);
      expect(seen(await send(http, target)).url).toBe(target.slice('/api/greeter'.length));
    },
  );

  test.each(['GET', 'HEAD', 'OPTIONS', 'DELETE', 'PUT', 'POST', 'PATCH'])(
    'a %s with a body of unknown length arrives as one request',
    async (method) => {
      const requests: string[] = [];
      const { http } = await dataPlaneFor((request, response) => {
        requests.push(`${request.method} ${request.url}`);
        let body = '';
        request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
        request.once('end', () => response.writeHead(200, { 'x-body': encodeURIComponent(body) }).end());
      });
      const smuggled = 'GET /admin HTTP/1.1\r\nHost: a\r\n\r\n';
      const answer = await send(http, '/api/greeter/x', { method, body: [smuggled, 'rest'] });
      expect(answer.status).toBe(200);
      expect(decodeURIComponent(String(answer.headers['x-body']))).toBe(`${smuggled}rest`);
      expect((await send(http, '/api/greeter/next')).status).toBe(200);
      expect(requests).toEqual([`${method} /x`, 'GET /next']);
    },
  );

  test('a body of known length keeps its length', async () => {
    const { http } = await dataPlaneFor(echo);
    const answer = await send(http, '/api/greeter/x', {
      method: 'POST',
      headers: { 'content-length': '5' },
      body: ['he', 'llo'],
    });
    expect(seen(answer).headers['content-length']).toBe('5');
    expect(seen(answer).body).toBe('hello');
  });

  test('the instance learns who asked, for what, and through which prefix', async () => {
    const { http } = await dataPlaneFor(echo, 'go.micro.web.blog');
    const { headers } = seen(await send(http, '/web/blog/a.css'));
    const host = `127.0.0.1:${http.port}`;
    expect(headers).toMatchObject({
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'http',
      'x-forwarded-host': host,
      'x-forwarded-prefix': '/web/blog',
      'x-micro-web-base-path': '/web/blog',
      'x-request-id': expect.stringMatching(/^[\da-f]{32}$/) as string,
      traceparent: expect.stringMatching(/^00-[\da-f]{32}-[\da-f]{16}-01$/) as string,
    });
    expect(headers['host'] ?? headers[':authority']).toBe(host);
  });

  test('trailers of the answer reach the client', async () => {
    const { http } = await dataPlaneFor((_, response) => {
      response.writeHead(200, { trailer: 'x-checksum' });
      response.write('body');
      response.addTrailers({ 'x-checksum': 'abc' });
      response.end();
    });
    const answer = await send(http, '/api/greeter/');
    expect(answer.body).toBe('body');
    expect(answer.trailers['x-checksum']).toBe('abc');
  });

  test('a large body goes through whole in both directions', async () => {
    const { http } = await dataPlaneFor((request, response) => void request.pipe(response));
    const chunk = 'x'.repeat(100_000);
    const answer = await send(http, '/api/greeter/', { method: 'POST', body: Array.from({ length: 40 }, () => chunk) });
    expect(answer.body.length).toBe(4_000_000);
  });

  test('the answer to a HEAD has headers only', async () => {
    const { http } = await dataPlaneFor((_, response) => response.writeHead(200, { 'content-length': '4' }).end());
    const answer = await send(http, '/api/greeter/', { method: 'HEAD' });
    expect(answer).toMatchObject({ status: 200, body: '' });
    expect(answer.headers['content-length']).toBe('4');
  });

  test('an answer without a body passes', async () => {
    const { http } = await dataPlaneFor((_, response) => response.writeHead(204).end());
    expect(await send(http, '/api/greeter/', { method: 'DELETE' })).toMatchObject({ status: 204, body: '' });
  });

  test('a web page without its slash is redirected, with its query', async () => {
    const { http } = await dataPlaneFor(echo, 'go.micro.web.blog');
    const answer = await send(http, '/web/blog?page=2', { method: 'POST', body: ['x'] });
    expect(answer.status).toBe(308);
    expect(answer.headers['location']).toBe('/web/blog/?page=2');
  });
});

test('of a field that HTTP/2 carries once the first goes on', async () => {
  const twice = 'Content-Type: a\r\nContent-Type: b\r\n';
  const instance = createTcpServer((socket) =>
    socket
      .on('error', () => {})
      .once('data', () =>
        socket.end(
          `HTTP/1.1 103 Early Hints\r\n${twice}\r\nHTTP/1.1 200 OK\r\n${twice}X-More: a\r\nX-More: b\r\nContent-Length: 4\r\n\r\ndone`,
        ),
      ),
  );
  const http2Instance = await ways[1].start(echo);
  const { http } = await startTestDataPlane(
    testSource(
      service('go.micro.api.one', [await listenForTest(instance)]),
      service('go.micro.api.two', [http2Instance], { protocol: ways[1].protocol }),
    ),
  );
  expect(await sendHttp2(http, '/api/one/')).toMatchObject({
    status: 200,
    headers: { 'content-type': 'a', 'x-more': 'a, b' },
    body: 'done',
  });
  const client = rawConnection(http);
  client.write(`GET /api/two/ HTTP/1.1\r\nHost: a\r\n${twice}Connection: close\r\n\r\n`);
  expect(await text(client)).toMatch(/^HTTP\/1\.1 200 [^]*"content-type":"a"/);
});
