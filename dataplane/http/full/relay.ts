import { type IncomingMessage, ServerResponse } from 'node:http';
import { type ClientHttp2Stream, constants, type IncomingHttpHeaders } from 'node:http2';
import type { Readable } from 'node:stream';
import { answerFields, trailerFields } from '../../headers/answer-fields.ts';
import { type Fields, fieldsOfRaw, http2RecordOf, recordOf } from '../../headers/fields.ts';
import type { RoutedInstance } from '../../routes/table.ts';
import type { Exchange } from './exchange.ts';
import { sayOnlyWhetherItCloses } from './respond.ts';
import { ForwardFailure } from '../failure.ts';
import { transferEncodingChunked } from '../framing.ts';

/** The answer of an instance, over either protocol. */
export interface Answer {
  readonly status: number;
  /** The reason phrase; HTTP/2 has none. */
  readonly statusMessage?: string | undefined;
  readonly fields: Fields;
  readonly body: Readable;
  /** To be asked when the body has ended: whether that was the end of the answer, and not of its connection. */
  readonly isWhole: () => boolean;
  /** To be read when the body has ended. */
  readonly trailers: () => Fields;
}

// RFC 9112 section 4: a reason phrase is made of tabs and visible characters. Instances' parsers let others pass.
export const reasonPhrase = /^[\t\u0020-\u007e\u0080-\u00ff]*$/;

/**
 * Sends an instance's answer to the client as it comes. Resolves when the exchange is over.
 *
 * @throws ForwardFailure `broken` for an answer that cannot be passed on
 */
export async function relay(answer: Answer, exchange: Exchange, { state }: RoutedInstance): Promise<void> {
  const { status, statusMessage = '', fields, body } = answer;
  const { response, call } = exchange;
  if (status < 200 || status > 599) {
    body.destroy();
    throw new ForwardFailure('broken', `the instance answered with the status ${status}`);
  }
  state.answered(status);
  if (response instanceof ServerResponse && reasonPhrase.test(statusMessage)) response.statusMessage = statusMessage;
  call.code = status;
  response.statusCode = status;
  const head = answerFields(fields, status);
  const record = response instanceof ServerResponse ? recordOf(head) : http2RecordOf(head);
  for (const [name, value] of Object.entries(record)) response.setHeader(name, value);
  sayOnlyWhetherItCloses(response);
  // Else it would depend on whether the end of an empty body comes before its head goes out.
  if (isChunked(response, fields)) response.setHeader(transferEncodingChunked.name, transferEncodingChunked.value);

  body.on('data', (chunk: Buffer) => {
    call.bytes += chunk.length;
  });
  body.once('end', () => {
    if (!answer.isWhole()) {
      exchange.breakOff();
      return;
    }
    for (const [name, value] of Object.entries(recordOf(trailerFields(answer.trailers())))) {
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
  // Node takes it away when it keeps the connection.
  const { socket } = message;
  return {
    status: message.statusCode ?? 502,
    statusMessage: message.statusMessage,
    fields: fieldsOfRaw(message.rawHeaders),
    body: message,
    isWhole: () => message.complete && !(endsWithConnection(message) && socket.errored),
    trailers: () => fieldsOfRaw(message.rawTrailers),
  };
}

/** Node takes such a body for whole also where its connection was reset. */
function endsWithConnection({ headers }: IncomingMessage): boolean {
  return headers['content-length'] === undefined && headers['transfer-encoding'] === undefined;
}

/** An answer over HTTP/2. */
export function answerOfStream(
  stream: ClientHttp2Stream,
  status: number | undefined,
  rawHeaders: readonly string[],
): Answer {
  let trailers: Fields = [];
  stream.once('trailers', (_received: IncomingHttpHeaders, _flags: number, rawTrailers: string[]) => {
    trailers = fieldsOfRaw(rawTrailers);
  });
  return {
    status: status ?? 502,
    fields: fieldsOfRaw(rawHeaders),
    body: stream,
    isWhole: () => stream.rstCode === constants.NGHTTP2_NO_ERROR,
    trailers: () => trailers,
  };
}

/** Whether the body of an answer to a client over HTTP/1.1 goes out in chunks. */
function isChunked(response: Exchange['response'], fields: Fields): boolean {
  if (!(response instanceof ServerResponse) || response.req.httpVersion !== '1.1') return false;
  const { req, statusCode } = response;
  if (req.method === 'HEAD' || statusCode === 204 || statusCode === 304) return false;
  return fields.every(({ key }) => key !== 'content-length');
}

const noBytes = Buffer.alloc(0);

function flushHead(response: Exchange['response']): void {
  // Not `flushHeaders`, which sends what of a header is beyond ASCII as UTF-8, and so as other bytes than came.
  if (response instanceof ServerResponse) response.write(noBytes);
  else response.writeHead(response.statusCode);
}
