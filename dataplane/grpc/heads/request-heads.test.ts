import { expect, test } from 'vitest';
import { trustedProxies } from '../../headers/trusted-proxies.ts';
import { HpackDecoder } from '../hpack/decoder.ts';
import type { Field } from '../hpack/field.types.ts';
import { blockOf } from './fields.ts';
import { RequestHeads } from './request-heads.ts';

/** Reads the head of a call, with these fields as well, twice from blocks of the same octets. */
function readTwice(...fields: Field[]) {
  const peer = { remoteAddress: '127.0.0.1', isTrusted: false, isEncrypted: false };
  const heads = new RequestHeads(new HpackDecoder({ maxListBytes: 16_384 }), peer, trustedProxies([]));
  const block = blockOf([
    [':method', 'POST'],
    [':scheme', 'http'],
    [':authority', 'greeter'],
    [':path', '/greeter.Say/Hello'],
    ['content-type', 'application/grpc'],
    ...fields,
  ]);
  return [heads.read(block, 0, block.length), heads.read(Buffer.from(block), 0, block.length)] as const;
}

test('the same block is read once', () => {
  const [first, second] = readTwice(['x-tenant', 'a']);
  expect(second).toBe(first);
});

test.each([
  ['x-request-id', 'one'],
  ['traceparent', '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'],
])('a block with %s is not remembered, as it names one call', (name, value) => {
  const [first, second] = readTwice([name, value]);
  expect(second).not.toBe(first);
  expect(second).toEqual(first);
});
