import { type InformationEvent, ServerResponse } from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import { type Fields, fieldsOfRaw, http2RecordOf } from '../../headers/fields.ts';
import { endToEnd } from '../../headers/hop-by-hop.ts';
import { maxInterimAnswers } from '../../limits.ts';
import { interimHead, isPassedOn, tooManyInterims } from '../interim-answer.ts';
import type { Exchange } from './exchange.ts';
import { reasonPhrase } from './relay.ts';

/** An interim answer of an instance, over either protocol. */
export interface InterimAnswer {
  readonly status: number;
  readonly statusMessage?: string | undefined;
  /** Names and values in turn, as Node's `rawHeaders`. */
  readonly rawHeaders: readonly string[];
}

/**
 * Passes on what an instance says before its answer, such as Early Hints (RFC 8297).
 *
 * @param upstream is destroyed when that is too much
 */
export function passOnInterim(
  exchange: Exchange,
  { status, statusMessage = '', rawHeaders }: InterimAnswer,
  upstream: { destroy(error: Error): unknown },
): void {
  const { request, response } = exchange;
  exchange.interims += 1;
  if (exchange.interims > maxInterimAnswers) {
    upstream.destroy(new Error(tooManyInterims));
    return;
  }
  if (!isPassedOn(status) || response.headersSent || response.destroyed) return;
  const fields = fieldsOfRaw(rawHeaders);
  if (!(response instanceof ServerResponse)) {
    overHttp2(response.stream, status, fields);
    return;
  }
  // RFC 9110 section 15.2: HTTP/1.0 knows of none.
  if (request.httpVersion === '1.0') return;
  const head = interimHead(status, reasonPhrase.test(statusMessage) ? statusMessage : '', fields);
  if (response.socket) response.socket.write(head, 'latin1');
  // In a pipeline, its turn comes after the answers to the requests before it.
  else response.once('socket', (socket: Socket) => socket.write(head, 'latin1'));
}

function overHttp2(stream: ServerHttp2Stream, status: number, fields: Fields): void {
  try {
    stream.additionalHeaders({ ...http2RecordOf(endToEnd(fields)), ':status': status });
  } catch {
    // The stream is closed by now, or HTTP/2 cannot carry these fields. Nobody may count on an interim answer.
  }
}

/** An interim answer over HTTP/1.1. */
export function interimOfMessage({ statusCode, statusMessage, rawHeaders }: InformationEvent): InterimAnswer {
  return { status: statusCode, statusMessage, rawHeaders };
}
