import * as http2 from 'node:http2';
import { duplexPair } from 'node:stream';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeFields, maxEncodedLength } from './encoder.ts';
import type { Field } from './field.types.ts';
import { answerProblem, requestProblem, trailersProblem } from './fields.ts';
import { flag, frame, framesOf, frameType, preface, settings } from './wire.fixture.ts';

const method: Field = [':method', 'POST'];
const scheme: Field = [':scheme', 'http'];
const path: Field = [':path', '/helloworld.Greeter/SayHello'];
const authority: Field = [':authority', 'localhost:8081'];
const request = [method, scheme, path, authority];
const status: Field = [':status', '200'];

test.each<[string, Field[]]>([
  ['as short as can be', request],
  ['with a host alone', [method, scheme, path, ['host', '[::1]:8081']]],
  ['with metadata', [...request, ['te', 'trailers'], ['x-a.b_c', 'a\tb \xe4'], ['x-empty', '']]],
  ['with a host that says the same', [...request, ['host', 'localhost:8081']]],
  ['of *', [[':method', 'OPTIONS'], scheme, authority, [':path', '*']]],
  ['of CONNECT', [[':method', 'CONNECT'], authority]],
])('a request %s is well-formed', (_about, fields) => {
  expect(requestProblem(fields)).toBeUndefined();
});

test.each<[string, Field[]]>([
  [':method is missing or malformed', [scheme, path, authority]],
  [':method is missing or malformed', [[':method', 'PO ST'], scheme, path, authority]],
  [':scheme is missing or malformed', [method, path, authority]],
  [':scheme is missing or malformed', [method, path, authority, [':scheme', '1']]],
  [':path is missing or malformed', [method, scheme, authority]],
  [':path is missing or malformed', [method, scheme, authority, [':path', '']]],
  [':path is missing or malformed', [method, scheme, authority, [':path', '*']]],
  [':path is missing or malformed', [method, scheme, authority, [':path', '/a b']]],
  [':authority is missing or malformed', [method, scheme, path]],
  [':authority is missing or malformed', [method, scheme, path, [':authority', '']]],
  [':authority is missing or malformed', [method, scheme, path, [':authority', 'me@localhost']]],
  [
    ':authority is missing',
    [
      [':method', 'CONNECT'],
      ['host', 'localhost'],
    ],
  ],
  [':path or :scheme is sent with CONNECT', [[':method', 'CONNECT'], authority, path]],
  [':path is sent twice', [...request, path]],
  ['the pseudo-header ":status" is unknown here', [...request, status]],
  ['the pseudo-header ":protocol" is unknown here', [...request, [':protocol', 'websocket']]],
  [':authority comes after other fields', [method, scheme, path, ['a', 'b'], authority]],
  ['host differs from :authority', [...request, ['host', 'other']]],
  ['host is sent twice', [...request, ['host', 'localhost:8081'], ['host', 'localhost:8081']]],
  ['te is other than trailers', [...request, ['te', 'gzip']]],
  ...['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade'].map((name): [string, Field[]] => [
    `${name} is of HTTP/1.1 connections`,
    [...request, [name, 'x']],
  ]),
  ...['', 'X', 'a b', 'a:', 'a\0', '\xe4', 'a\x7f', 'a"'].map((name): [string, Field[]] => [
    `the name ${JSON.stringify(name)} has characters that are not allowed`,
    [...request, [name, 'x']],
  ]),
  ...['\0', 'a\rb', 'a\nb', ' a', 'a ', '\ta', 'a\t', '\x1b', '\x7f'].map((value): [string, Field[]] => [
    'the value of "a" has characters that are not allowed',
    [...request, ['a', value]],
  ]),
  ['the value of ":path" has characters that are not allowed', [method, scheme, [':path', '/\n']]],
])('a request is malformed: %s', (problem, fields) => {
  expect(requestProblem(fields)).toBe(problem);
});

test.each<[string | undefined, Field[]]>([
  [undefined, [status, ['content-type', 'application/grpc']]],
  [undefined, [[':status', '103']]],
  [':status is missing', []],
  [':status is not three digits', [[':status', '20']]],
  [':status is not three digits', [[':status', '2000']]],
  [':status is 101', [[':status', '101']]],
  [':status is sent twice', [status, status]],
  ['the pseudo-header ":path" is unknown here', [status, path]],
  ['connection is of HTTP/1.1 connections', [status, ['connection', 'close']]],
])('an answer: %s', (problem, fields) => {
  expect(answerProblem(fields)).toBe(problem);
});

test.each<[string | undefined, Field[]]>([
  [undefined, [['grpc-status', '0']]],
  [undefined, []],
  ['the pseudo-header ":status" is unknown here', [status]],
  ['the name "Grpc-Status" has characters that are not allowed', [['Grpc-Status', '0']]],
])('trailers: %s', (problem, fields) => {
  expect(trailersProblem(fields)).toBe(problem);
});

/** What a `node:http2` server makes of a request: its fields; undefined if it refuses the stream or the connection. */
async function takenByNode(fields: readonly Field[]): Promise<Field[] | undefined> {
  const [nodeSide, ourSide] = duplexPair();
  const server = http2.createServer();
  const taken = new Promise<Field[]>((resolve) => {
    server.on('stream', (stream, _head, _flags, raw: string[] = []) => {
      stream.on('error', () => {});
      resolve(raw.flatMap((name, index): Field[] => (index % 2 === 0 ? [[name, raw[index + 1] as string]] : [])));
    });
  });
  server.emit('connection', nodeSide);
  const room = Buffer.alloc(maxEncodedLength(fields));
  const block = room.subarray(0, encodeFields(fields, room, 0));
  ourSide.write(
    Buffer.concat([preface, settings(), frame(frameType.headers, flag.endStream | flag.endHeaders, 1, block)]),
  );
  const refused = (async () => {
    for await (const { type } of framesOf(ourSide))
      if (type === frameType.goaway || type === frameType.rstStream) return undefined;
    return undefined;
  })();
  const outcome = await Promise.race([taken, refused]);
  ourSide.destroy();
  nodeSide.destroy();
  return outcome;
}

test('what is well-formed here is to node:http2 as well', async () => {
  const octets = fc.string({ unit: fc.nat(255).map((code) => String.fromCharCode(code)), maxLength: 2 });
  const names = fc.oneof(octets, fc.constantFrom('te', 'host', 'upgrade', ':path', 'x-a', 'x-b', 'user-agent'));
  const values = fc.oneof(octets, fc.constantFrom('', 'trailers', 'localhost:8081', 'a b', '/'));
  const extras = fc.array(fc.tuple(names, values), { maxLength: 3 });
  const heads = fc.oneof(
    { weight: 4, arbitrary: fc.constant(request) },
    fc.shuffledSubarray([...request, path, [':method', 'CONNECT'] as const, status]),
    fc
      .tuple(fc.nat(request.length - 1), octets)
      .map(([at, extra]) =>
        request.map(([name, value], index): Field => (index === at ? [name, `${value}${extra}`] : [name, value])),
      ),
  );
  let wellFormed = 0;
  await fc.assert(
    fc.asyncProperty(heads, extras, async (head, extra) => {
      const fields = [...head, ...extra];
      if (requestProblem(fields) !== undefined) return;
      wellFormed += 1;
      expect(await takenByNode(fields)).toEqual(fields);
    }),
    { seed: 9113, numRuns: 600 },
  );
  expect(wellFormed).toBeGreaterThan(100);
});
