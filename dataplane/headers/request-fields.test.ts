import { expect, test } from 'vitest';
import { fieldsOfRecord, http2RecordOf } from './fields.ts';
import type { Origin } from './origin.ts';
import { originOf } from './origin.ts';
import { peerOf } from './peer.ts';
import { type RoutedBy, requestFields } from './request-fields.ts';
import { trustedProxies } from './trusted-proxies.ts';

const trusted = trustedProxies(['10.0.0.0/8', 'loopback']);
const fromClient = {
  remoteAddress: '203.0.113.9',
  isTrusted: false,
  isEncrypted: false,
  client: '203.0.113.9',
  requestId: 'id',
  host: 'a.example',
};
const fromProxy = { ...fromClient, remoteAddress: '10.0.0.1', isTrusted: true };

/** Fields in and out as records: none of these tests cares for their order. */
function requestHeaders(sent: Record<string, string>, { prefix, web = false, ...origin }: Origin & Partial<RoutedBy>) {
  return http2RecordOf(requestFields(fieldsOfRecord(sent), origin, prefix === undefined ? undefined : { prefix, web }));
}

const originFrom = (remoteAddress: string, sent: Record<string, string>) =>
  originOf(peerOf({ remoteAddress }, trusted), fieldsOfRecord(sent), trusted);

const forwarding = {
  forwarded: 'for=1.2.3.4',
  'x-forwarded-for': '1.2.3.4',
  'x-forwarded-proto': 'https',
  'x-forwarded-host': 'shop.example',
  'x-forwarded-prefix': '/shop',
  'x-forwarded-port': '443',
  'x-real-ip': '1.2.3.4',
  'x-micro-web-base-path': '/elsewhere',
};

test('what a client says of its way here is replaced', () => {
  const headers = requestHeaders(forwarding, { ...fromClient, prefix: '/web/blog', web: true });
  expect(headers).toEqual({
    host: 'a.example',
    'x-forwarded-for': '203.0.113.9',
    'x-forwarded-proto': 'http',
    'x-forwarded-host': 'a.example',
    'x-forwarded-prefix': '/web/blog',
    'x-micro-web-base-path': '/web/blog',
    'x-request-id': 'id',
    traceparent: expect.any(String) as string,
  });
});

test('what a trusted proxy says of the way here is kept and added to', () => {
  expect(requestHeaders(forwarding, { ...fromProxy, prefix: '/api/greeter', web: false })).toMatchObject({
    forwarded: 'for=1.2.3.4',
    'x-forwarded-for': '1.2.3.4, 10.0.0.1',
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'shop.example',
    'x-forwarded-prefix': '/shop/api/greeter',
    'x-forwarded-port': '443',
  });
});

test('no client can set the base path of web pages', () => {
  const options = { ...fromProxy, prefix: '/api/greeter', web: false };
  expect(requestHeaders(forwarding, options)).not.toHaveProperty('x-micro-web-base-path');
});

test('headers for this connection only are not sent on, nor are those that Connection names', () => {
  const headers = requestHeaders(
    {
      connection: 'Keep-Alive, X-Hop , x-forwarded-for, host',
      'keep-alive': 'timeout=5',
      'proxy-connection': 'keep-alive',
      'proxy-authorization': 'Basic x',
      te: 'trailers',
      trailer: 'x-checksum',
      'transfer-encoding': 'chunked',
      upgrade: 'h2c',
      'http2-settings': 'AAMAAABkAAQAAP__',
      expect: '100-continue',
      ':path': '/',
      'x-hop': '1',
      'x-kept': '1',
    },
    fromClient,
  );
  expect(Object.keys(headers).toSorted()).toEqual([
    'host',
    'traceparent',
    'x-forwarded-for',
    'x-forwarded-host',
    'x-forwarded-proto',
    'x-kept',
    'x-request-id',
  ]);
});

test('a trace is continued, and begun anew where what was sent is none', () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  expect(requestHeaders({ traceparent, tracestate: 'a=1' }, fromClient)).toMatchObject({
    traceparent,
    tracestate: 'a=1',
  });
  for (const wrong of [
    '00-00000000000000000000000000000000-b7ad6b7169203331-01',
    'ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    `${traceparent}x`,
    `${traceparent}-more`,
    'x',
  ]) {
    const headers = requestHeaders({ traceparent: wrong, tracestate: 'a=1' }, fromClient);
    expect(headers['traceparent']).toMatch(/^00-[\da-f]{32}-[\da-f]{16}-01$/);
    expect(headers).not.toHaveProperty('tracestate');
  }
});

test('a plain request id of the client is kept, another is replaced', () => {
  const requestId = (sent: string) => originFrom('203.0.113.9', { 'x-request-id': sent }).requestId;
  expect(requestId('abc-123')).toBe('abc-123');
  for (const wrong of ['', 'a b', 'x'.repeat(129), 'a\tb']) expect(requestId(wrong)).toMatch(/^[\da-f]{32}$/);
});

test('the client is the nearest on the way that is not a trusted proxy', () => {
  const client = (remoteAddress: string, via: string) => originFrom(remoteAddress, { 'x-forwarded-for': via }).client;
  expect(client('203.0.113.9', '1.2.3.4')).toBe('203.0.113.9');
  expect(client('10.0.0.1', '6.6.6.6, 1.2.3.4, 10.0.0.2')).toBe('1.2.3.4');
  expect(client('::ffff:10.0.0.1', '1.2.3.4')).toBe('1.2.3.4');
});

test('a trusted proxy that is no address or range is refused', () => {
  expect(() => trustedProxies(['10.0.0.0/99'])).toThrow(TypeError);
  expect(() => trustedProxies(['proxy.example'])).toThrow(TypeError);
});
