import assert from 'node:assert/strict';
import { ask } from './ask.ts';
import type { Proxy } from '../proxies/contender.types.ts';
import { type Exchange, filling, prefix } from './exchange.ts';

const giveUpMs = 10_000;

/**
 * Does one exchange through a proxy.
 *
 * @throws AssertionError when the answer, or what the instance saw, is not what it should be
 */
export async function check({ title, address }: Proxy, exchange: Exchange): Promise<void> {
  const { method, path, bodyBytes, answerBytes, framing } = exchange;
  const { status, headers, body } = await ask(`http://${address}${prefix}${path}`, {
    method,
    headers: framing === 'chunked' || bodyBytes === 0 ? {} : { 'content-length': bodyBytes },
    body: bodyBytes === 0 ? [] : [Buffer.alloc(bodyBytes, filling)],
    signal: AbortSignal.timeout(giveUpMs),
  });
  const what = `${title}: ${method} ${path}`;
  assert.equal(status, 200, `${what}, status`);
  assert.equal(body.length, answerBytes, `${what}, length of the answer`);
  assert(body.equals(Buffer.alloc(answerBytes, filling)), `${what}, bytes of the answer`);
  assert.equal(headers['x-seen-path'], path, `${what}, path that the instance saw`);
  assert(Number(headers['x-seen-bytes']) > bodyBytes, `${what}, bytes that the instance saw`);
}
