import { once } from 'node:events';
import { Agent, type RequestOptions, request } from 'node:https';
import { createServer, type IncomingMessage } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { text } from 'node:stream/consumers';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { expect, onTestFinished, test, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import type { TcpAddress } from '../../../proto/channel/address.ts';
import {
  listenForTest,
  rawConnection,
  service,
  startTestDataPlane,
  type TestSource,
  testSource,
} from '../../data-plane.fixture.ts';
import { echo, type Seen, sendHttp1, ways } from '../../http/http.fixture.ts';
import type { Timeouts } from '../../limits.ts';
import { makeCertificate, replaceFile, type TestCertificate } from './certificate.fixture.ts';

const greeter = async (): Promise<TestSource> =>
  testSource(service('go.micro.api.greeter', [await ways[0].start(echo)]));

/** A data plane whose `http` entrypoint speaks TLS, and what its clients trust. */
async function start(source: TestSource, timeouts: Partial<Timeouts> = {}) {
  const certificate = await makeCertificate();
  const { certFile, keyFile } = certificate;
  const dataPlane = await startTestDataPlane(source, { tls: { certFile, keyFile, pollMs: 10 }, timeouts });
  return { ...dataPlane, certificate };
}

/** A connection over TLS that has shaken hands. */
async function shakeHands({ host, port }: TcpAddress, options: ConnectionOptions): Promise<TLSSocket> {
  const socket = connect({ host, port, ...options });
  onTestFinished(() => void socket.destroy());
  await once(socket, 'secureConnect');
  return socket;
}

/** Sends a request over HTTP/1.1 and returns what the instance saw of it. */
async function get({ host, port }: TcpAddress, target: string, options: RequestOptions): Promise<Seen> {
  const outgoing = request({ host, port, path: target, ...options }).end();
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  return JSON.parse(await text(answer)) as Seen;
}

/** The certificate that a new connection is shown. */
async function shownTo(address: TcpAddress, trusted: readonly TestCertificate[]): Promise<string> {
  const socket = await shakeHands(address, { ca: trusted.map(({ ca }) => ca) });
  const { fingerprint256 } = socket.getPeerCertificate();
  socket.destroy();
  return fingerprint256;
}

test.each([['http/1.1'], [undefined]])('HTTP/1.1 is served to a client that offers %s', async (protocol) => {
  const { http, certificate } = await start(await greeter());
  const options = { ca: certificate.ca, agent: false, ...(protocol ? { ALPNProtocols: [protocol] } : {}) };
  expect(await get(http, '/api/greeter/hello', options)).toMatchObject({
    url: '/hello',
    headers: { 'x-forwarded-proto': 'https' },
  });
});

test('HTTP/2 is served to a client that offers it, whatever else it offers', async () => {
  const { http, certificate } = await start(await greeter());
  const session = connectHttp2(`https://127.0.0.1:${http.port}`, {
    ca: certificate.ca,
    ALPNProtocols: ['http/1.1', 'h2'],
  });
  onTestFinished(() => session.destroy());
  const seen = JSON.parse(await text(session.request({ ':path': '/api/greeter/hello' }))) as Seen;
  expect(session.alpnProtocol).toBe('h2');
  expect(seen).toMatchObject({ url: '/hello', headers: { 'x-forwarded-proto': 'https' } });
});

test('a WebSocket carries messages over TLS', async () => {
  const server = createServer();
  const webSockets = new WebSocketServer({ server });
  onTestFinished(() => webSockets.close());
  webSockets.on('connection', (webSocket) => webSocket.on('message', (data) => webSocket.send(data)));
  const instance = await listenForTest(server);
  const { http, certificate } = await start(testSource(service('go.micro.web.chat', [instance])));
  const webSocket = new WebSocket(`wss://127.0.0.1:${http.port}/web/chat/`, { ca: certificate.ca });
  onTestFinished(() => webSocket.terminate());
  await once(webSocket, 'open');
  webSocket.send('hello');
  const [data] = (await once(webSocket, 'message')) as [Buffer];
  expect(String(data)).toBe('hello');
});

test('a client that speaks plain HTTP is told to use https', async () => {
  const { http } = await start(await greeter());
  const answer = await sendHttp1(http, '/api/greeter/');
  expect(answer.status).toBe(400);
  expect(JSON.parse(answer.body)).toMatchObject({ detail: 'this address speaks TLS: use https://' });
});

test.each([
  ['says nothing', ''],
  ['begins to shake hands and says no more', '\x16\x03\x01'],
  ['shakes hands in a way that is none', `\x16\x03\x01\x00\x05${'x'.repeat(5)}`],
])('a client that %s is let go', async (_, bytes) => {
  const { http } = await start(await greeter(), { tlsHandshakeMs: 50 });
  const socket = rawConnection(http);
  socket.write(Buffer.from(bytes, 'latin1'));
  socket.on('error', () => {});
  socket.resume();
  await expect(once(socket, 'close')).resolves.toBeDefined();
});

test('a client that leaves while it shakes hands leaves nothing behind', async () => {
  const { http } = await start(await greeter(), { tlsHandshakeMs: 60_000 });
  const socket = rawConnection(http);
  socket.resume().end(Buffer.from('\x16\x03\x01', 'latin1'));
  await expect(once(socket, 'close')).resolves.toEqual([false]);
});

test('a client whose TLS is older than 1.2 is refused, and others go on', async () => {
  const { http, certificate } = await start(await greeter());
  const old = {
    ca: certificate.ca,
    maxVersion: 'TLSv1.1',
    minVersion: 'TLSv1',
    ciphers: 'DEFAULT@SECLEVEL=0',
  } as const;
  await expect(shakeHands(http, old)).rejects.toThrow(/protocol version/);
  expect(await shakeHands(http, { ...old, maxVersion: 'TLSv1.2' })).toMatchObject({ authorized: true });
});

test('a new certificate is shown to new connections, those that stand go on, and sessions are resumed', async () => {
  const { http, certificate } = await start(await greeter());
  const next = await makeCertificate();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  const kept = { ca: certificate.ca, agent };
  await get(http, '/api/greeter/1', kept);
  const [keptSocket] = Object.values(agent.freeSockets).flat();
  const first = await shakeHands(http, { ca: certificate.ca, maxVersion: 'TLSv1.2' });
  const session = first.getSession();

  const shown = await shownTo(http, [certificate]);
  await replaceFile(certificate.certFile, next.certFile);
  await replaceFile(certificate.keyFile, next.keyFile);
  await vi.waitFor(async () => expect(await shownTo(http, [certificate, next])).not.toBe(shown));

  expect(await get(http, '/api/greeter/2', kept)).toMatchObject({ url: '/2' });
  expect(Object.values(agent.freeSockets).flat()).toEqual([keptSocket]);
  const resumed = await shakeHands(http, {
    ca: certificate.ca,
    maxVersion: 'TLSv1.2',
    ...(session ? { session } : {}),
  });
  expect(resumed.isSessionReused()).toBe(true);
  await expect(shakeHands(http, { ca: certificate.ca })).rejects.toThrow('self-signed certificate');
});

test('a stop ends connections at rest at once, whether they have shaken hands or not', async () => {
  const dataPlane = await start(await greeter(), { drainMs: 60_000 });
  const { http, certificate } = dataPlane;
  await once(rawConnection(http), 'connect');
  await shakeHands(http, { ca: certificate.ca });
  (await shakeHands(http, { ca: certificate.ca, ALPNProtocols: ['h2'] })).resume();
  const used = await shakeHands(http, { ca: certificate.ca });
  used.write('GET /api/greeter/ HTTP/1.1\r\nHost: a\r\n\r\n');
  await once(used, 'data');
  await expect(dataPlane.stop()).resolves.toBeUndefined();
});

test('a data plane whose certificate cannot be used does not start', async () => {
  const { certFile } = await makeCertificate();
  const { keyFile } = await makeCertificate();
  await expect(startTestDataPlane(testSource(), { tls: { certFile, keyFile } })).rejects.toMatchObject({
    code: 'certificate-unusable',
  });
});
