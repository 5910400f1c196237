import { type IncomingHttpHeaders, type IncomingMessage, ServerResponse } from 'node:http';
import { type ClientHttp2Stream, constants } from 'node:http2';
import type { Readable } from 'node:stream';
import { stripHopByHop } from '../../headers/hop-by-hop.ts';
import type { Exchange } from '../exchange.ts';
import { ForwardFailure } from '../forward.types.ts';

/** The answer of an instance, over either protocol. */
export interface Answer {
  readonly status: number;
  /** The reason phrase; HTTP/2 has none. */
  readonly statusMessage?: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readable;
  /** To be asked when the body has ended: whether that was the end of the answer, and not of its connection. */
  readonly isWhole: () => boolean;
  /** To be read when the body has ended. */
  readonly trailers: () => IncomingHttpHeaders;
}

// RFC 9112 section 4: a reason phrase is made of tabs and visible characters. Instances' parsers let others pass.
const reasonPhrase = /^[\t\u0020-\u007e\u0080-\u00ff]*$/;

/**
 * Sends an answer to the client as it comes. Resolves when the exchange is over.
 *
 * @throws ForwardFailure `broken` for an answer that cannot be passed on
 */
export async function relay(answer: Answer, exchange: Exchange): Promise<void> {
  const { status, statusMessage = '', headers, body } = answer;
  const { response, call } = exchange;
  if (status < 200 || status > 599) {
    body.destroy();
    throw new ForwardFailure('broken', `the instance answered with the status ${status}`);
  }
  if (response instanceof ServerResponse && reasonPhrase.test(statusMessage)) response.statusMessage = statusMessage;
  call.code = status;
  response.statusCode = status;
  for (const [name, value] of Object.entries(stripHopByHop(headers))) response.setHeader(name, value);

  body.on('data', (chunk: Buffer) => {
    call.bytes += chunk.length;
  });
  body.once('end', () => {
    if (!answer.isWhole()) {
      exchange.breakOff();
      return;
    }
    for (const [name, value] of Object.entries(stripHopByHop(answer.trailers()))) {
      response.addTrailers({ [name]: String(value) });
    }
    response.end();
  });
  // Neither proxy library tells the client when an instance dies in the middle of a body, whether by error or without.
  body.on('error', () => {});
  body.once('close', () => {
    if (!body.readableEnded) exchange.breakOff();
  });
  // A body that has not begun, as of an event stream, must not hold its head back.
  setImmediate(() => {
    if (!response.headersSent && !exchange.isOver) flushHead(response);
  });
  body.pipe(response, { end: false });
  return exchange.over;
}

/** An answer over HTTP/1.1. */
export function answerOfMessage(message: IncomingMessage): Answer {
  return {
    status: message.statusCode ?? 502,
    statusMessage: message.statusMessage,
    headers: message.headers,
    body: message,
    isWhole: () => message.complete,
    trailers: () => message.trailers,
  };
}

/** An answer over HTTP/2. */
export function answerOfStream(
  stream: ClientHttp2Stream,
  headers: IncomingHttpHeaders & { ':status'?: number },
): Answer {
  let trailers: IncomingHttpHeaders = {};
  stream.once('trailers', (received: IncomingHttpHeaders) => {
    trailers = received;
  });
  return {
    status: headers[':status'] ?? 502,
    headers,
    body: stream,
    isWhole: () => stream.rstCode === constants.NGHTTP2_NO_ERROR,
    trailers: () => trailers,
  };
}

function flushHead(response: Exchange['response']): void {
  if (response instanceof ServerResponse) response.flushHeaders();
  else response.writeHead(response.statusCode);
}
