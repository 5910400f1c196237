import { describe, expect, test } from 'vitest';
import { readRequestHead } from './request-head.ts';

const head = (line: string, ...fields: string[]): string => [line, 'Host: a', ...fields, '', ''].join('\r\n');

test('a head is read with its fields in their order, their names as they came and their values without white space around', () => {
  const text = head('POST /a?b HTTP/1.1', 'X-A:  1 2\t ', 'x-a:', 'Content-Length: 5');
  expect(readRequestHead(`${text}hello`)).toEqual({
    kind: 'head',
    length: text.length,
    head: {
      method: 'POST',
      target: '/a?b',
      fields: [
        { name: 'Host', key: 'host', value: 'a' },
        { name: 'X-A', key: 'x-a', value: '1 2' },
        { name: 'x-a', key: 'x-a', value: '' },
        { name: 'Content-Length', key: 'content-length', value: '5' },
      ],
      framing: { kind: 'length', length: 5 },
      close: false,
    },
  });
});

test.each([
  ['', { kind: 'none' }],
  ['Content-Length: 0', { kind: 'length', length: 0 }],
  ['Content-Length: 007', { kind: 'length', length: 7 }],
  ['Transfer-Encoding: CHUNKED', { kind: 'chunked' }],
])('"%s" frames the body', (field, framing) => {
  expect(readRequestHead(head('PUT / HTTP/1.1', ...(field ? [field] : [])))).toMatchObject({ head: { framing } });
});

test.each([
  ['close', true],
  ['Close', true],
  ['x, close', true],
  ['keep-alive', false],
  ['closed', false],
])('whether "Connection: %s" ends the connection: %s', (value, close) => {
  expect(readRequestHead(head('GET / HTTP/1.1', `Connection: ${value}`))).toMatchObject({ head: { close } });
});

describe.each([
  [
    'declined',
    [
      ['HTTP/1.0', head('GET / HTTP/1.0')],
      ['an absolute target', head('GET http://a/ HTTP/1.1')],
      ['an asterisk as target', head('OPTIONS * HTTP/1.1')],
      ['another method', head('TRACE / HTTP/1.1')],
      ['an upgrade', head('GET / HTTP/1.1', 'Upgrade: websocket')],
      ['an expectation', head('GET / HTTP/1.1', 'Expect: 100-continue')],
      ['trailers announced', head('GET / HTTP/1.1', 'Trailer: x')],
      ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
      ['an empty line', '\r\n'],
      ['a path above 8 KiB', head(`GET /${'x'.repeat(8_192)} HTTP/1.1`)],
      ['more than 100 headers', head('GET / HTTP/1.1', ...Array.from({ length: 100 }, () => 'X: y'))],
    ],
  ],
  [
    'incomplete',
    [
      ['nothing', ''],
      ['a part of a line', 'GET / HT'],
      ['all but the last byte', head('GET / HTTP/1.1').slice(0, -1)],
      ['a CR alone', '\r'],
    ],
  ],
  [
    'refused',
    [
      ['no request', 'hello\r\n\r\n'],
      ['two spaces', head('GET  / HTTP/1.1')],
      ['HTTP/2.0 as text', head('GET / HTTP/2.0')],
      ['a bare LF, before the head is whole', 'GET / HTTP/1.1\nHost'],
      ['a bare LF', head('GET / HTTP/1.1', 'X: y\nZ: z')],
      ['a folded line', head('GET / HTTP/1.1', 'X: y', ' z')],
      ['two Hosts', head('GET / HTTP/1.1', 'Host: b')],
      ['no Host', 'GET / HTTP/1.1\r\n\r\n'],
      ['two lengths', head('GET / HTTP/1.1', 'Content-Length: 1', 'Content-Length: 1')],
      ['a length beside chunks', head('GET / HTTP/1.1', 'Content-Length: 1', 'Transfer-Encoding: chunked')],
      ['a length of 16 digits', head('GET / HTTP/1.1', 'Content-Length: 1000000000000000')],
      ['an ambiguous length on what would be declined', head('GET / HTTP/1.1', 'Content-Length: +1', 'Expect: x')],
      ['more than 16 KiB', head('GET / HTTP/1.1', `X: ${'x'.repeat(16_384)}`)],
    ],
  ],
])('%s', (kind, cases) => {
  test.each(cases)('%s', (_about, text) => {
    expect(readRequestHead(text)).toMatchObject({ kind });
  });
});
