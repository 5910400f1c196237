import { expect, test } from 'vitest';
import { bodyReader } from './body-reader.ts';

/** Reads pieces one after the other. Returns what is to be passed on, and what was left behind the body. */
function readAll(framing: Parameters<typeof bodyReader>[0], pieces: readonly string[]) {
  const reader = bodyReader(framing);
  let passed = '';
  let rest = '';
  for (const piece of pieces) {
    const bytes = Buffer.from(piece, 'latin1');
    if (!reader.read(bytes, 0, bytes.length)) return 'malformed';
    passed += reader.held + bytes.toString('latin1', 0, reader.passedTo);
    rest += bytes.toString('latin1', reader.at);
  }
  return { passed, rest, isWhole: reader.isWhole, length: reader.length };
}

const chunked = { kind: 'chunked' } as const;

test('a body by its length ends there, and one until the close of its connection never does', () => {
  expect(readAll({ kind: 'length', length: 5 }, ['hel', 'lo and more'])).toEqual({
    passed: 'hello',
    rest: ' and more',
    isWhole: true,
    length: 5,
  });
  expect(readAll({ kind: 'none' }, ['more'])).toEqual({ passed: '', rest: 'more', isWhole: true, length: 0 });
  expect(readAll({ kind: 'close' }, ['a', 'b'])).toEqual({ passed: 'ab', rest: '', isWhole: false, length: 2 });
});

const body = '5\r\nhello\r\n00b\r\n and more\r\n\r\n0\r\nX: y\r\nZ: \r\n\r\n';

test('chunks are passed on as they came, but for the last one and the trailers, in whatever pieces they come', () => {
  const expected = { passed: '5\r\nhello\r\n00b\r\n and more\r\n\r\n', rest: 'next', isWhole: true, length: 16 };
  expect(readAll(chunked, [`${body}next`])).toEqual(expected);
  expect(readAll(chunked, `${body}next`.split(''))).toEqual(expected);
  for (let at = 1; at < body.length; at += 1)
    expect(readAll(chunked, [body.slice(0, at), `${body.slice(at)}next`])).toEqual(expected);
});

test('trailers are told when they are whole', () => {
  const reader = bodyReader(chunked);
  const bytes = Buffer.from(body);
  expect(reader.read(bytes, 0, bytes.length)).toBe(true);
  expect(reader.trailers.map(({ name, value }) => [name, value])).toEqual([
    ['X', 'y'],
    ['Z', ''],
  ]);
});

test.each([
  '\r\n',
  'x\r\n',
  '5;a=b\r\nhello\r\n0\r\n\r\n',
  '5 \r\nhello\r\n',
  '+5\r\nhello\r\n',
  '5\nhello\r\n',
  '5\rhello',
  '5\r\nhello\n',
  '5\r\nhelloo\r\n',
  '00000000005\r\nhello',
  '0\r\nX : y\r\n\r\n',
  '0\r\nContent-Length: 5\r\n\r\n',
  '0\r\nTransfer-Encoding: chunked\r\n\r\n',
  '0\r\nConnection: close\r\n\r\n',
  `0\r\nX: ${'x'.repeat(16_384)}\r\n\r\n`,
])('%j is malformed, in whatever pieces it comes', (text) => {
  expect(readAll(chunked, [text])).toBe('malformed');
  expect(readAll(chunked, text.split(''))).toBe('malformed');
});
