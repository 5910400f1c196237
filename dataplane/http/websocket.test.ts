import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { connect, createServer as createTcpServer, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import type { TcpAddress } from '../../proto/channel/address.ts';
import { Protocol } from '../../proto/gen/micro/routes/v1/routes.ts';
import { listenForTest, rawConnection, service, startTestDataPlane, testSource } from '../data-plane.fixture.ts';
import { sendHttp1 } from './http.fixture.ts';

interface EchoInstance {
  readonly address: string;
  readonly heads: { readonly url: string | undefined; readonly headers: IncomingHttpHeaders }[];
  readonly connections: Socket[];
  readonly webSockets: WebSocket[];
}

/** Sends back what it is sent over WebSocket; refuses others with 426. */
async function startEcho(): Promise<EchoInstance> {
  const heads: EchoInstance['heads'] = [];
  const connections: Socket[] = [];
  const server = createServer((request, response) =>
    response.writeHead(426, { 'x-url': request.url ?? '' }).end('upgrade required'),
  );
  server.on('connection', (socket) => connections.push(socket));
  const webSockets: WebSocket[] = [];
  const webSocketServer = new WebSocketServer({ server });
  webSocketServer.on('connection', (webSocket, { url, headers }) => {
    webSockets.push(webSocket);
    heads.push({ url, headers });
    webSocket.on('message', (data, isBinary) => webSocket.send(data, { binary: isBinary }));
  });
  onTestFinished(() => webSocketServer.close());
  return { address: await listenForTest(server), heads, connections, webSockets };
}

const chat = (...addresses: string[]) => service('go.micro.web.chat', addresses);

function open({ host, port }: TcpAddress, target: string): WebSocket {
  const webSocket = new WebSocket(`ws://${host}:${port}${target}`);
  webSocket.on('error', () => {});
  onTestFinished(() => webSocket.terminate());
  return webSocket;
}

async function exchange(webSocket: WebSocket, message: string): Promise<string> {
  webSocket.send(message);
  const [data] = (await once(webSocket, 'message')) as [Buffer];
  return String(data);
}

const head = (lines: readonly string[]): string => `${lines.join('\r\n')}\r\n\r\n`;

const handshake = (target: string, upgrade = 'websocket'): string =>
  head([
    `GET ${target} HTTP/1.1`,
    'Host: a.example',
    'Connection: keep-alive, Upgrade',
    `Upgrade: ${upgrade}`,
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Version: 13',
  ]);

test('a WebSocket carries messages both ways, through changes of the route table', async () => {
  const instance = await startEcho();
  const source = testSource(chat(instance.address));
  const { http } = await startTestDataPlane(source);
  const webSocket = open(http, '/web/chat/room//1?x=1');
  await once(webSocket, 'open');
  expect(await exchange(webSocket, 'hello')).toBe('hello');
  expect(instance.heads[0]).toMatchObject({
    url: '/room//1?x=1',
    headers: { 'x-forwarded-prefix': '/web/chat', 'x-micro-web-base-path': '/web/chat', upgrade: 'websocket' },
  });

  source.serve(chat(instance.address), service('go.micro.api.other', ['127.0.0.1:1']));
  expect(await exchange(webSocket, 'still there')).toBe('still there');
  source.serve();
  expect(await exchange(webSocket, 'even now')).toBe('even now');
});

test('large messages go through whole in both directions at once', async () => {
  const { http } = await startTestDataPlane(testSource(chat((await startEcho()).address)));
  const webSocket = open(http, '/web/chat/');
  await once(webSocket, 'open');
  const messages = ['a', 'b', 'c', 'd'].map((letter) => Buffer.alloc(8 * 1024 * 1024, letter));
  const echoed: Buffer[] = [];
  webSocket.on('message', (data: Buffer) => echoed.push(data));
  for (const message of messages) webSocket.send(message);
  await vi.waitFor(() => expect(echoed.length).toBe(messages.length), { timeout: 15_000 });
  expect(echoed.every((message, index) => message.equals(messages[index] as Buffer))).toBe(true);
});

test.each(['client', 'instance'])('the code and reason with which the %s closes reach the other', async (closing) => {
  const { address, webSockets } = await startEcho();
  const { http } = await startTestDataPlane(testSource(chat(address)));
  const client = open(http, '/web/chat/');
  await once(client, 'open');
  const instance = webSockets[0] as WebSocket;
  const closed = [client, instance].map(async (side) => {
    const [code, reason] = (await once(side, 'close')) as [number, Buffer];
    return [code, String(reason)];
  });
  (closing === 'client' ? client : instance).close(4_001, 'done here');
  const closedAs = [4_001, 'done here'];
  expect(await Promise.all(closed)).toEqual([closedAs, closedAs]);
});

test('the name of the protocol may be written in any case', async () => {
  const { http } = await startTestDataPlane(testSource(chat((await startEcho()).address)));
  const socket = rawConnection(http);
  socket.write(handshake('/web/chat/', 'WebSocket'));
  const [chunk] = (await once(socket, 'data')) as [Buffer];
  expect(String(chunk)).toMatch(/^HTTP\/1\.1 101 /);
});

test('a WebSocket is a call in flight: another goes to the other instance', async () => {
  const [one, other] = [await startEcho(), await startEcho()];
  const { http } = await startTestDataPlane(testSource(chat(one.address, other.address)));
  const webSockets = [];
  for (let count = 0; count < 8; count += 1) {
    const webSocket = open(http, '/web/chat/');
    await once(webSocket, 'open');
    webSockets.push(webSocket);
  }
  // Of two drawn at random the less loaded is taken: eight at one instance would need that one drawn twice, eight times.
  expect(Math.abs(one.heads.length - other.heads.length)).toBeLessThan(8);
});

test('a close on one side reaches the other', async () => {
  const instance = await startEcho();
  const { http } = await startTestDataPlane(testSource(chat(instance.address)));
  const closedByClient = open(http, '/web/chat/');
  await once(closedByClient, 'open');
  const closed = instance.connections.map((connection) => once(connection, 'close'));
  closedByClient.terminate();
  await Promise.all(closed);

  const closedByInstance = open(http, '/web/chat/');
  await once(closedByInstance, 'open');
  instance.connections.at(-1)?.destroy();
  await expect(once(closedByInstance, 'close')).resolves.toBeDefined();
});

test('a client that resets its connection before the handshake is answered harms nobody', async () => {
  const waiting: Socket[] = [];
  const silentInstance = createTcpServer((socket) => waiting.push(socket.on('error', () => {}).resume()));
  const { http } = await startTestDataPlane(testSource(chat(await listenForTest(silentInstance))));
  for (let count = 0; count < 5; count += 1) {
    const socket = connect(http.port, http.host);
    socket.write(handshake('/web/chat/'));
    await vi.waitFor(() => expect(waiting).toHaveLength(count + 1));
    const closed = once(waiting[count] as Socket, 'close');
    socket.resetAndDestroy();
    await closed;
  }
  expect((await sendHttp1(http, '/nothing')).status).toBe(404);
});

test('an instance that cannot be reached is passed over', async () => {
  const { address } = await startEcho();
  const { http } = await startTestDataPlane(testSource(chat('127.0.0.1:1', address, '127.0.0.1:2')));
  for (let count = 0; count < 5; count += 1) {
    const webSocket = open(http, '/web/chat/');
    await once(webSocket, 'open');
    expect(webSocket.readyState).toBe(WebSocket.OPEN);
  }
});

test('a refusal of the instance comes back whole', async () => {
  const instance = createServer();
  instance.on('upgrade', (_, socket) => {
    socket.end(
      'HTTP/1.1 401 Unauthorized\r\nTransfer-Encoding: chunked\r\nX-Why: token\r\n\r\n5\r\nno to\r\n3\r\nken\r\n0\r\n\r\n',
    );
  });
  const { http } = await startTestDataPlane(testSource(chat(await listenForTest(instance))));
  const socket = rawConnection(http);
  socket.write(handshake('/web/chat/'));
  const answer = await text(socket);
  expect(answer).toMatch(/^HTTP\/1\.1 401 Unauthorized\r\n/);
  expect(answer).toContain('X-Why: token');
  expect(answer).not.toMatch(/transfer-encoding/i);
  expect(answer.endsWith('\r\n\r\nno token')).toBe(true);
});

test.each([
  ['/web/nobody/', 404],
  ['/web/chat', 308],
  ['/web/chat/../x', 400],
  ['/web/grpc/', 503],
  ['/web/dead/', 502],
  ['/web/dying/', 502],
])('a handshake for %s is answered with %i and the connection ends', async (target, status) => {
  const dying = createTcpServer((socket) => socket.once('data', () => socket.destroy()));
  const { http } = await startTestDataPlane(
    testSource(
      chat((await startEcho()).address),
      service('go.micro.web.grpc', ['127.0.0.1:1'], { protocol: Protocol.PROTOCOL_H2C }),
      service('go.micro.web.dead', ['127.0.0.1:1']),
      service('go.micro.web.dying', [await listenForTest(dying)]),
    ),
  );
  const socket = rawConnection(http);
  socket.write(handshake(target));
  expect(await text(socket)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
});

test('an instance that is too slow with its handshake is answered for with 504', async () => {
  const silentInstance = createTcpServer((socket) => socket.resume());
  const source = testSource(chat(await listenForTest(silentInstance)));
  const { http } = await startTestDataPlane(source, { timeouts: { answerHeadMs: 50 } });
  const socket = rawConnection(http);
  socket.write(handshake('/web/chat/'));
  expect(await text(socket)).toMatch(/^HTTP\/1\.1 504 /);
});

test('another upgrade than to a WebSocket is left out of the request', async () => {
  const { address } = await startEcho();
  const { http } = await startTestDataPlane(testSource(chat(address)));
  const socket = rawConnection(http);
  const upgrade = ['Host: a', 'Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABk'];
  socket.write(head(['POST /web/chat/one HTTP/1.1', ...upgrade, 'Content-Length: 5']));
  socket.write(`hello${head(['GET /web/chat/two HTTP/1.1', 'Host: a', 'Connection: close'])}`);
  const answers = await text(socket);
  expect(answers.match(/HTTP\/1\.1 426/g)).toHaveLength(2);
  expect(answers).toContain('x-url: /one');
  expect(answers).toContain('x-url: /two');
});

test('an upgrade that does not wait for the answer before it is answered after it', async () => {
  const echo = await startEcho();
  const slow: ServerResponse[] = [];
  const instance = createServer((_, response) => slow.push(response));
  const { http } = await startTestDataPlane(
    testSource(chat(echo.address), service('go.micro.api.slow', [await listenForTest(instance)])),
  );
  const socket = rawConnection(http).setEncoding('latin1');
  let answers = '';
  socket.on('data', (chunk: string) => (answers += chunk));
  socket.write(head(['GET /api/slow/ HTTP/1.1', 'Host: a']) + handshake('/web/chat/', 'websocket'));
  await vi.waitFor(() => expect(slow).toHaveLength(1));
  expect(answers).toBe('');
  slow[0]?.end('first');
  await vi.waitFor(() => expect(answers).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*first[^]*HTTP\/1\.1 101 /));
});

test('an upgrade behind a request of the full lane ends the connection, and harms nobody else', async () => {
  let waiting = 0;
  const instance = createServer(() => (waiting += 1));
  const { http } = await startTestDataPlane(testSource(chat(await listenForTest(instance))));
  for (const upgrade of ['websocket', 'h2c']) {
    const socket = rawConnection(http);
    socket.write(head(['GET /web/chat/ HTTP/1.1', 'Host: a', 'Trailer: x']) + handshake('/web/chat/', upgrade));
    expect(await text(socket)).toBe('');
  }
  expect((await sendHttp1(http, '/nothing')).status).toBe(404);
});

test('a client may offer another upgrade with every request on a connection', async () => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error) => warnings.push(warning);
  process.on('warning', onWarning);
  onTestFinished(() => void process.off('warning', onWarning));
  const { http } = await startTestDataPlane(testSource(chat((await startEcho()).address)));
  const socket = rawConnection(http);
  for (let count = 0; count < 20; count += 1) {
    socket.write(handshake('/web/chat/', 'h2c'));
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(String(answer)).toMatch(/^HTTP\/1\.1 426 /);
  }
  expect(warnings).toEqual([]);
});
