import { once } from 'node:events';
import { createServer as createHttp1Server, type IncomingMessage, type RequestListener, request } from 'node:http';
import {
  type ClientHttp2Stream,
  connect,
  createServer as createHttp2Server,
  type IncomingHttpHeaders,
} from 'node:http2';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { TcpAddress } from '../../proto/channel/address.ts';
import { Protocol } from '../../proto/gen/micro/routes/v1/routes.ts';
import { listenForTest } from '../data-plane.fixture.ts';

interface Sent {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  /** Goes out chunk by chunk: chunked over HTTP/1.1, unless the headers say its length. */
  readonly body?: readonly string[];
}

export interface Received {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly trailers: IncomingHttpHeaders;
}

/** Sends a request and waits for the whole answer. Rejects when the answer breaks off. */
export type Send = (address: TcpAddress, target: string, sent?: Sent) => Promise<Received>;

export const sendHttp1: Send = async ({ host, port }, target, { method = 'GET', headers, body } = {}) => {
  const outgoing = request({ host, port, path: target, method, ...(headers ? { headers } : {}), agent: false });
  // Node sends no framing of its own for a GET, DELETE or OPTIONS (nodejs/node#27880).
  if (body && !outgoing.hasHeader('content-length')) outgoing.setHeader('transfer-encoding', 'chunked');
  for (const chunk of body ?? []) outgoing.write(chunk);
  outgoing.end();
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  const whole = await buffer(answer);
  return { status: answer.statusCode ?? 0, headers: answer.headers, body: String(whole), trailers: answer.trailers };
};

export const sendHttp2: Send = async ({ host, port }, target, { method = 'GET', headers, body } = {}) => {
  const session = connect(`http://${host}:${port}`);
  try {
    const stream: ClientHttp2Stream = session.request(
      { ...headers, ':method': method, ':path': target },
      { endStream: !body },
    );
    for (const chunk of body ?? []) stream.write(chunk);
    stream.end();
    let trailers: IncomingHttpHeaders = {};
    stream.once('trailers', (received: IncomingHttpHeaders) => (trailers = received));
    const [received] = (await once(stream, 'response')) as [IncomingHttpHeaders];
    const whole = await buffer(stream);
    if (stream.rstCode !== 0) throw new Error(`reset with ${stream.rstCode}`);
    return { status: Number(received[':status']), headers: received, body: String(whole), trailers };
  } finally {
    session.destroy();
  }
};

/** Starts an instance, and tells of its connections. Returns its address. */
type StartInstance = (listener: RequestListener, onConnection?: (socket: Socket) => void) => Promise<string>;

const startHttp1: StartInstance = (listener, onConnection = () => {}) =>
  listenForTest(createHttp1Server(listener).on('connection', onConnection));

/** The compatibility layer of `node:http2` takes listeners of `node:http`. */
const startHttp2: StartInstance = (listener, onConnection = () => {}) =>
  listenForTest(createHttp2Server(listener as never).on('connection', onConnection));

/** Every way through the lanes: what the client speaks, and what the instance speaks. */
export const ways = [
  { client: 'HTTP/1.1', instance: 'HTTP/1.1', send: sendHttp1, start: startHttp1, protocol: Protocol.PROTOCOL_HTTP1 },
  { client: 'HTTP/1.1', instance: 'HTTP/2', send: sendHttp1, start: startHttp2, protocol: Protocol.PROTOCOL_H2C },
  { client: 'HTTP/2', instance: 'HTTP/1.1', send: sendHttp2, start: startHttp1, protocol: Protocol.PROTOCOL_HTTP1 },
  { client: 'HTTP/2', instance: 'HTTP/2', send: sendHttp2, start: startHttp2, protocol: Protocol.PROTOCOL_H2C },
] as const;

/** What an echoing instance saw of a request. */
export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Answers with what it saw of the request, as JSON. */
export const echo: RequestListener = (incoming, response) => {
  void buffer(incoming).then((body) => {
    const { method, url, headers } = incoming;
    response.end(JSON.stringify({ method, url, headers, body: String(body) }));
  });
};

/** What a client over HTTP/1.1 adds to a request to be served by each lane. */
export const lanes = [
  { lane: 'fast', header: '' },
  { lane: 'full', header: 'Trailer: x\r\n' },
] as const;

/** The head of a GET, with the header lines that are given. */
export const get = (target: string, ...headers: readonly string[]): string =>
  `GET ${target} HTTP/1.1\r\nHost: a\r\n${headers.join('')}\r\n`;

/** An address on which nothing listens. */
export async function deadAddress(): Promise<string> {
  const server = createTcpServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return `127.0.0.1:${port}`;
}
