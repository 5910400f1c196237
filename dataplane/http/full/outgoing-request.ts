import { EventEmitter } from 'node:events';
import { type ClientRequest, type IncomingMessage, request as requestHttp1 } from 'node:http';
import type { ClientHttp2Stream, IncomingHttpHeaders, IncomingHttpStatusHeader } from 'node:http2';
import type { Writable } from 'node:stream';
import type { Sessions } from '../../upstream/sessions.ts';
import { http2RecordOf, recordOf } from '../../headers/fields.ts';
import type { Exchange } from './exchange.ts';
import type { Attempt } from './forward.types.ts';
import { type Http1Agents, http1Headers, http1Target, onceConnected } from './http1-request.ts';
import { interimOfMessage, passOnInterim } from './interim.ts';
import { type Answer, answerOfMessage, answerOfStream } from './relay.ts';

/**
 * A request to an instance over either protocol, on a connection that stands, in the shape that http2-proxy drives: it
 * emits `response`, `drain` and `error`.
 */
export class OutgoingRequest extends EventEmitter {
  /** Read by http2-proxy, which discards the body of a GET, HEAD or OPTIONS and waits for that of any other method. */
  readonly method: 'GET' | 'POST';
  /** Read by http2-proxy, which waits until it is connected. */
  readonly socket = { connecting: false };
  /** To be asked when it has failed: whether a connection that was used before was lost under it. */
  readonly isStale: () => boolean;
  /** The answer, once there is one. */
  answer: Answer | undefined;
  readonly #stream: Writable;
  #hasFailed = false;

  constructor(stream: Writable, { hasBody, isStale }: { readonly hasBody: boolean; readonly isStale: () => boolean }) {
    super();
    this.method = hasBody ? 'POST' : 'GET';
    this.isStale = isStale;
    this.#stream = stream;
    stream.on('drain', () => this.emit('drain'));
    stream.on('error', (error) => this.#fail(error));
    stream.once('close', () => {
      // A request that is cancelled, or answered with an upgrade, closes without an error.
      this.#fail(new Error('the connection or stream ended before an answer'));
      this.emit('close');
    });
    // http2-proxy listens a moment later than a request can fail, and not any more when it is over.
    this.on('error', () => {});
  }

  /**
   * http2-proxy gets a stand-in, of which it reads the headers. The message itself tells of the end of its connection,
   * also after it was answered, and that is not to fail a request that the answer is relayed of.
   */
  answered(answer: Answer): void {
    this.answer = answer;
    this.emit('response', Object.assign(new EventEmitter(), { headers: recordOf(answer.fields), destroy() {} }));
  }

  write(chunk: Buffer): boolean {
    this.emit('sent');
    return this.#stream.write(chunk);
  }

  end(): void {
    this.#stream.end();
  }

  /** By http2-proxy also when all is done: then the reset would count at the instance, which bears with some only. */
  destroy(error?: Error): void {
    if (this.#stream.writableEnded && this.answer?.body.readableEnded) return;
    this.#stream.destroy(error);
  }

  /**
   * Once, as http2-proxy would take a second failure for one of the next try. An instance that has answered need not take
   * the rest of the request (RFC 9113 section 8.1); whether its answer is whole is for the answer to say.
   */
  #fail(error: Error): void {
    if (this.#hasFailed || this.answer) return;
    this.#hasFailed = true;
    this.emit('error', error);
  }
}

/** Begins a request to an HTTP/1.1 instance. Rejects when it cannot be reached. */
export function openHttp1(exchange: Exchange, attempt: Attempt, agents: Http1Agents): Promise<OutgoingRequest> {
  const { request, framing, hasBody } = exchange;
  return new Promise((resolve, reject) => {
    const upstream: ClientRequest = requestHttp1({
      ...http1Target(attempt.instance.address),
      method: request.method,
      path: attempt.target,
      headers: http1Headers(attempt.fields, request.method ?? 'GET', framing),
      agent: attempt.freshConnection ? agents.fresh : agents.kept,
    });
    upstream.removeHeader('connection');
    upstream.once('error', reject);
    onceConnected(upstream, () => {
      const outgoing = new OutgoingRequest(upstream, { hasBody, isStale: () => upstream.reusedSocket });
      upstream.on('information', (info) => passOnInterim(exchange, interimOfMessage(info), upstream));
      upstream.once('response', (message: IncomingMessage) => outgoing.answered(answerOfMessage(message)));
      resolve(outgoing);
    });
  });
}

/** Begins a request to an instance that speaks HTTP/2 by prior knowledge. Rejects when it cannot be reached. */
export async function openHttp2(exchange: Exchange, attempt: Attempt, sessions: Sessions): Promise<OutgoingRequest> {
  const { request, framing, hasBody } = exchange;
  const { host, ...headers } = http2RecordOf(attempt.fields);
  if (framing.kind === 'length') headers['content-length'] = String(framing.length);
  const session = await sessions.to(attempt.instance.address);
  const { hasAnswered } = session;
  const stream: ClientHttp2Stream = session.request(
    { ':method': request.method, ':scheme': 'http', ':authority': host, ':path': attempt.target, ...headers },
    { endStream: !hasBody },
  );
  const outgoing = new OutgoingRequest(stream, {
    hasBody,
    // A stream that is reset on a connection that stands is meant.
    isStale: () => hasAnswered && !session.isUsable,
  });
  stream.on('headers', (head: IncomingHttpHeaders & IncomingHttpStatusHeader, _flags: number, rawHeaders: string[]) =>
    passOnInterim(exchange, { status: head[':status'] ?? 0, rawHeaders }, stream),
  );
  stream.once('response', (head: IncomingHttpHeaders & IncomingHttpStatusHeader, _flags: number, raw: string[]) =>
    outgoing.answered(answerOfStream(stream, head[':status'], raw)),
  );
  return outgoing;
}
