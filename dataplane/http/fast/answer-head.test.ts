import { expect, test } from 'vitest';
import { readAnswerHead } from './answer-head.ts';

const head = (line: string, ...fields: string[]): string => [line, ...fields, '', ''].join('\r\n');

test.each([
  ['GET', 'HTTP/1.1 200 OK', [], { status: 200, reason: 'OK', framing: { kind: 'close' }, keepAlive: true }],
  ['GET', 'HTTP/1.1 200', [], { reason: '' }],
  ['GET', 'HTTP/1.1 200 a\x01b', [], { reason: '' }],
  ['GET', 'HTTP/1.1 200 OK', ['Content-Length: 3'], { framing: { kind: 'length', length: 3 } }],
  ['GET', 'HTTP/1.1 200 OK', ['Transfer-Encoding: chunked'], { framing: { kind: 'chunked' } }],
  ['HEAD', 'HTTP/1.1 200 OK', ['Content-Length: 3'], { framing: { kind: 'none' } }],
  ['GET', 'HTTP/1.1 204 No Content', [], { framing: { kind: 'none' } }],
  ['GET', 'HTTP/1.1 304 Not Modified', ['Content-Length: 3'], { framing: { kind: 'none' } }],
  ['GET', 'HTTP/1.1 103 Early Hints', [], { framing: { kind: 'none' } }],
  ['GET', 'HTTP/1.1 200 OK', ['Connection: x, Close'], { keepAlive: false }],
  ['GET', 'HTTP/1.0 200 OK', [], { keepAlive: false }],
  ['GET', 'HTTP/1.0 200 OK', ['Connection: Keep-Alive'], { keepAlive: true }],
  ['GET', 'HTTP/1.1 200 OK', ['Keep-Alive: max=9, timeout=5'], { keepAliveMs: 5_000 }],
])('an answer to %s of %s with %j', (method, line, fields, expected) => {
  const text = head(line, ...fields);
  expect(readAnswerHead(`${text}abc`, method)).toMatchObject({ kind: 'head', length: text.length, head: expected });
});

test.each([
  ['two lengths', head('HTTP/1.1 200 OK', 'Content-Length: 1', 'Content-Length: 1')],
  ['a length beside chunks', head('HTTP/1.1 200 OK', 'Content-Length: 1', 'Transfer-Encoding: chunked')],
  ['chunks over HTTP/1.0', head('HTTP/1.0 200 OK', 'Transfer-Encoding: chunked')],
  ['another coding', head('HTTP/1.1 200 OK', 'Transfer-Encoding: gzip, chunked')],
  ['an upgrade', head('HTTP/1.1 101 Switching Protocols')],
  ['an interim answer of HTTP/1.0', head('HTTP/1.0 100 Continue')],
  ['a status that is none', head('HTTP/1.1 600 OK')],
  ['no status line', head('hello')],
  ['what cannot become one', 'HTTQ'],
  ['a bare LF', 'HTTP/1.1 200 OK\nX'],
  ['a folded line', head('HTTP/1.1 200 OK', 'X: y', ' z')],
  ['more than 16 KiB', head('HTTP/1.1 200 OK', `X: ${'x'.repeat(16_384)}`)],
])('%s is malformed', (_about, text) => {
  expect(readAnswerHead(text, 'GET')).toMatchObject({ kind: 'malformed' });
});

test.each(['', 'HT', 'HTTP/1.1 200 OK\r\n', 'HTTP/1.1 200 OK\r\n\r'])('%j is incomplete', (text) => {
  expect(readAnswerHead(text, 'GET')).toEqual({ kind: 'incomplete' });
});
