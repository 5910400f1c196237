import assert from 'node:assert/strict';
import type { Proxy } from '../proxies/contender.types.ts';
import { ask } from './ask.ts';
import { type Exchange, messageOf } from './exchange.ts';

const giveUpMs = 10_000;

/**
 * Does one call through a proxy.
 *
 * @throws AssertionError when the answer is not what was sent, as often as it should be
 */
export async function check({ title, address }: Proxy, exchange: Exchange): Promise<void> {
  const { headers, body, trailers } = await ask(address, exchange, AbortSignal.timeout(giveUpMs));
  const what = `${title}: ${exchange.method}`;
  assert.equal(headers[':status'], 200, `${what}, status`);
  const status = `${what}, grpc-status in the trailers (grpc-message: ${String(headers['grpc-message'])})`;
  assert.equal(trailers['grpc-status'], '0', status);
  const message = messageOf(exchange);
  assert.equal(body.length, message.length * exchange.answers, `${what}, length of the answer`);
  assert(body.equals(Buffer.alloc(body.length, message)), `${what}, bytes of the answer`);
}
