import { type InformationEvent, ServerResponse } from 'node:http';
import { fieldsOfRaw, http2RecordOf } from '../../headers/fields.ts';
import { endToEnd } from '../../headers/hop-by-hop.ts';
import { interimHead, isPassedOn } from '../interim-answer.ts';
import type { Exchange } from './exchange.ts';
import { reasonPhrase } from './relay.ts';

/** An interim answer of an instance, over either protocol. */
export interface InterimAnswer {
  readonly status: number;
  readonly statusMessage?: string | undefined;
  /** Names and values in turn, as Node's `rawHeaders`. */
  readonly rawHeaders: readonly string[];
}

/** Passes on what an instance says before its answer, such as Early Hints (RFC 8297). */
export function passOnInterim({ request, response }: Exchange, interim: InterimAnswer): void {
  const { status, statusMessage = '', rawHeaders } = interim;
  if (!isPassedOn(status) || response.headersSent || response.destroyed) return;
  const fields = fieldsOfRaw(rawHeaders);
  if (!(response instanceof ServerResponse)) {
    response.stream.additionalHeaders({ ...http2RecordOf(endToEnd(fields)), ':status': status });
    return;
  }
  // RFC 9110 section 15.2: HTTP/1.0 knows of none. A response whose turn has not come in a pipeline has no socket: what
  // is said before an answer is of no use behind another one.
  if (request.httpVersion === '1.0') return;
  const reason = reasonPhrase.test(statusMessage) ? statusMessage : '';
  response.socket?.write(interimHead(status, reason, fields), 'latin1');
}

/** An interim answer over HTTP/1.1. */
export function interimOfMessage({ statusCode, statusMessage, rawHeaders }: InformationEvent): InterimAnswer {
  return { status: statusCode, statusMessage, rawHeaders };
}
