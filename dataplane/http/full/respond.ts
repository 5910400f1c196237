import { ServerResponse } from 'node:http';
import type { OwnAnswer } from '../../downstream/error-answer.ts';
import { connectionClose } from '../../headers/answer-fields.ts';
import { recordOf } from '../../headers/fields.ts';
import type { AnyResponse, Exchange } from './exchange.ts';

/** Answers with what the data plane itself has to say. */
export function respond(exchange: Exchange, { status, fields, body }: OwnAnswer): void {
  const { request, response, call } = exchange;
  call.code = status;
  call.bytes = request.method === 'HEAD' ? 0 : Buffer.byteLength(body);
  response.statusCode = status;
  for (const [name, value] of Object.entries(recordOf(fields))) response.setHeader(name, value);
  // The rest of a body that nobody reads would be taken in to its end before the connection could be used again.
  if (exchange.hasBody && response instanceof ServerResponse) response.shouldKeepAlive = false;
  sayOnlyWhetherItCloses(response);
  if (request.method === 'HEAD') response.end();
  else response.end(body);
}

/** Leaves out what Node would add of its own: that a connection is kept is the way of HTTP/1.1, and need not be said. */
export function sayOnlyWhetherItCloses(response: AnyResponse): void {
  if (!(response instanceof ServerResponse) || response.req.httpVersion !== '1.1') return;
  if (response.shouldKeepAlive) response.removeHeader('connection');
  else response.setHeader(connectionClose.name, connectionClose.value);
}
