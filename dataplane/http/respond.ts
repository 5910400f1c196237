import { errorAnswer } from '../downstream/error-answer.ts';
import type { Exchange } from './exchange.ts';
import type { ForwardFailure } from './forward.types.ts';

/** Answers with an error of the data plane's own. */
export function respondError(exchange: Exchange, status: number, detail: string): void {
  const { headers, body } = errorAnswer(exchange.request, status, detail);
  respond(exchange, status, headers, body);
}

/** Answers for an instance that could not: 504 when it was too slow, otherwise 502. */
export function respondFailure(exchange: Exchange, failure: ForwardFailure): void {
  const { service } = exchange.call;
  if (failure.kind === 'slow')
    respondError(exchange, 504, `an instance of ${service} was too slow: ${failure.message}`);
  else respondError(exchange, 502, `an instance of ${service} failed`);
}

/** Sends the browser to where the page is, with the method and body it came with (RFC 9110 section 15.4.9). */
export function respondRedirect(exchange: Exchange, location: string): void {
  respond(exchange, 308, { location, 'content-length': '0' }, '');
}

function respond(exchange: Exchange, status: number, headers: Readonly<Record<string, string>>, body: string): void {
  const { request, response, call } = exchange;
  call.code = status;
  call.bytes = request.method === 'HEAD' ? 0 : Buffer.byteLength(body);
  response.statusCode = status;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  // The rest of a body that nobody reads would be taken in to its end before the connection could be used again.
  if (exchange.hasBody && 'shouldKeepAlive' in response) response.shouldKeepAlive = false;
  if (request.method === 'HEAD') response.end();
  else response.end(body);
}
