import { expect, test } from 'vitest';
import type { Field } from './field.types.ts';
import { answerProblem, requestProblem, trailersProblem } from './fields.ts';

const method: Field = [':method', 'POST'];
const scheme: Field = [':scheme', 'http'];
const path: Field = [':path', '/helloworld.Greeter/SayHello'];
const authority: Field = [':authority', 'localhost:8081'];
const request = [method, scheme, path, authority];
const status: Field = [':status', '200'];

test.each<[string, Field[]]>([
  ['with and without an authority', [method, scheme, path]],
  ['with metadata', [...request, ['te', 'trailers'], ['x-a.b_c', 'a\tb \xe4'], ['x-empty', '']]],
  ['with a host that says the same', [...request, ['host', 'localhost:8081']]],
  ['of *', [[':method', 'OPTIONS'], scheme, [':path', '*']]],
  ['of CONNECT', [[':method', 'CONNECT'], authority]],
])('a request %s is well-formed', (_about, fields) => {
  expect(requestProblem(fields)).toBeUndefined();
});

test.each<[string, Field[]]>([
  [':method is missing', [scheme, path]],
  [':scheme is missing', [method, path]],
  [':path is missing', [method, scheme]],
  [':authority is missing', [[':method', 'CONNECT']]],
  [':path or :scheme is sent with CONNECT', [[':method', 'CONNECT'], authority, path]],
  [':method is not a token', [[':method', 'PO ST'], scheme, path]],
  [':path does not begin with /', [method, scheme, [':path', '']]],
  [':path does not begin with /', [method, scheme, [':path', '*']]],
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
