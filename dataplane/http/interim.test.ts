import { once } from 'node:events';
import { type IncomingMessage, type RequestListener, request, type ServerResponse } from 'node:http';
import { connect as connectHttp2, type IncomingHttpHeaders } from 'node:http2';
import { createServer as createTcpServer, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import type { TcpAddress } from '../../proto/channel/address.ts';
import { listenForTest, rawConnection, service, startTestDataPlane, testSource } from '../data-plane.fixture.ts';
import { get, lanes, ways } from './http.fixture.ts';

const link = '</style.css>; rel=preload';

const hinting: RequestListener = (_, response) => {
  response.writeEarlyHints({ link });
  response.end('done');
};

interface Hinted {
  readonly hints: readonly unknown[];
  readonly body: string;
}

async function ask(client: string, { host, port }: TcpAddress, headers: Record<string, string>): Promise<Hinted> {
  const hints: unknown[] = [];
  const path = '/api/greeter/';
  if (client === 'HTTP/2') {
    const session = connectHttp2(`http://${host}:${port}`);
    onTestFinished(() => session.destroy());
    const stream = session.request({ ':path': path, ...headers });
    stream.on('headers', (head: IncomingHttpHeaders) => hints.push([head[':status'], head['link']]));
    return { body: await text(stream), hints };
  }
  const outgoing = request({ host, port, path, headers, agent: false });
  outgoing.on('information', ({ statusCode, headers: { link: hint } }) => hints.push([statusCode, hint]));
  outgoing.end();
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  return { body: await text(answer), hints };
}

test.each([
  ...ways.map((way) => ({ ...way, lane: 'usual', headers: {} })),
  { ...ways[0], lane: 'full', headers: { trailer: 'x', 'transfer-encoding': 'chunked' } },
])(
  'Early Hints reach a client on $client from an instance on $instance by the $lane lane',
  async ({ client, start, protocol, headers }) => {
    const source = testSource(service('go.micro.api.greeter', [await start(hinting)], { protocol }));
    const { http } = await startTestDataPlane(source);
    expect(await ask(client, http, headers as Record<string, string>)).toEqual({ hints: [[103, link]], body: 'done' });
  },
);

test('a client on HTTP/1.0 sees no interim answer', async () => {
  const { http } = await startTestDataPlane(
    testSource(service('go.micro.api.greeter', [await ways[0].start(hinting)])),
  );
  const connection = rawConnection(http);
  connection.write('GET /api/greeter/ HTTP/1.0\r\nHost: x\r\n\r\n');
  const answer = await text(connection);
  expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  expect(answer).not.toContain('103');
});

test.each(['', 'Trailer: x\r\n'])(
  'a 100 that the client did not ask for is kept from it, with the headers %j',
  async (header) => {
    const instance = createTcpServer((socket: Socket) => {
      socket.on('error', () => {});
      socket.once('data', () =>
        socket.end('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'),
      );
    });
    const { http } = await startTestDataPlane(
      testSource(service('go.micro.api.greeter', [await listenForTest(instance)])),
    );
    const connection = rawConnection(http);
    connection.write(`GET /api/greeter/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${header}\r\n`);
    expect(await text(connection)).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nok$/);
  },
);

test.each(lanes)(
  'the interim answer to a pipelined request comes in its turn in the $lane lane',
  async ({ header }) => {
    const first: ServerResponse[] = [];
    const instance = await ways[0].start((incoming, response) => {
      if (incoming.url === '/1') first.push(response);
      else hinting(incoming, response);
      // The full lane asks for both at once, the fast one not before the first is answered.
      if (header === '' || incoming.url === '/2') first[0]?.end('one');
    });
    const { http } = await startTestDataPlane(testSource(service('go.micro.api.greeter', [instance])));
    const connection = rawConnection(http);
    connection.write(get('/api/greeter/1', header) + get('/api/greeter/2', header, 'Connection: close\r\n'));
    const seen = (await text(connection)).match(/(?<=HTTP\/1\.1 )\d+|one|done/g);
    expect(seen).toEqual(['200', 'one', '103', '200', 'done']);
  },
);

test.each([
  ...ways.map((way) => ({ ...way, lane: 'usual', headers: {} })),
  { ...ways[0], lane: 'full', headers: { expect: '100-continue' } },
])(
  'an instance on $instance that hints without end has failed, for a client on $client by the $lane lane',
  async ({ start, protocol, send, headers }) => {
    let asked = 0;
    const instance = await start((_, response) => {
      asked += 1;
      // HTTP/2 does not let more than some wait to be sent.
      const hint = (): void => {
        if (response.destroyed || response.socket?.destroyed) return;
        response.writeEarlyHints({ link });
        setImmediate(hint);
      };
      hint();
    });
    const source = testSource(service('go.micro.api.greeter', [instance, instance], { protocol }));
    const { http } = await startTestDataPlane(source, { timeouts: { answerHeadMs: 5_000 } });
    expect(await send(http, '/api/greeter/', { headers })).toMatchObject({
      status: 502,
    });
    expect(asked).toBe(1);
  },
);
