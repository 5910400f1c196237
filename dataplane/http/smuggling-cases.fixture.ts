/** What is sent, and what may come of it. */
export interface SmugglingCase {
  readonly about: string;
  readonly sent: string;
  /** Status of each answer, in their order; the connection ends behind the last. */
  readonly answers: readonly number[];
  /** Requests that reach the service that was asked, as line and body; none where left out. */
  readonly reach?: readonly string[];
}

/** What an attacker would have reach the other service, behind or inside of what is sent. */
const smuggled = 'GET /api/greeter/smuggled HTTP/1.1\r\nHost: a\r\n\r\n';

/** A request that asks for the end of the connection, so that a test that sends it sees that end. */
const last = 'GET /service/users/last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

const post = (fields: string, body = ''): string =>
  `POST /service/users/list HTTP/1.1\r\nHost: a\r\n${fields}\r\n\r\n${body}`;
const get = (target: string, fields = ''): string => `GET ${target} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;

const hex = smuggled.length.toString(16);
const inChunk = `${hex}\r\n${smuggled}\r\n0\r\n\r\n`;

/** To be answered 400, and nothing behind it to be looked at. */
const refused = (about: string, sent: string, status = 400): SmugglingCase => ({
  about,
  sent: `${sent}${smuggled}`,
  answers: [status],
});

/** To reach the service as what it is, once; then the connection goes on. */
const served = (about: string, sent: string, ...reach: string[]): SmugglingCase => ({
  about,
  sent: `${sent}${last}`,
  answers: [...reach.map(() => 200), 200],
  reach: [...reach, 'GET /last'],
});

/** To lead to no service; then the connection goes on, where `ends` does not say otherwise. */
const unrouted = (about: string, sent: string, status: number): SmugglingCase => ({
  about,
  sent: `${sent}${last}`,
  answers: [status, 200],
  reach: ['GET /last'],
});

const bothFramings: readonly SmugglingCase[] = [
  refused('CL.TE', post(`Content-Length: ${5 + smuggled.length}\r\nTransfer-Encoding: chunked`, '0\r\n\r\n')),
  refused('TE.CL', post('Transfer-Encoding: chunked\r\nContent-Length: 4', inChunk)),
  refused('TE.CL with a length of nothing', post('Transfer-Encoding: chunked\r\nContent-Length: 0', inChunk)),
  refused(
    'CL.TE on what the full lane serves',
    post('Content-Length: 5\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue', '0\r\n\r\n'),
  ),
  refused(
    'CL.TE with trailers announced',
    post('Content-Length: 5\r\nTransfer-Encoding: chunked\r\nTrailer: x', '0\r\n\r\n'),
  ),
  refused(
    'CL.TE over HTTP/1.0',
    post('Content-Length: 5\r\nTransfer-Encoding: chunked', '0\r\n\r\n').replace('HTTP/1.1', 'HTTP/1.0'),
  ),
];

/** TE.TE: each is a Transfer-Encoding to some parser, and none to another. */
const codings = [
  'Transfer-Encoding: xchunked',
  'Transfer-Encoding : chunked',
  'Transfer-Encoding\t: chunked',
  'Transfer-Encoding: chunked\r\nTransfer-Encoding: x',
  'Transfer-Encoding: x\r\nTransfer-Encoding: chunked',
  'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked',
  'Transfer-Encoding: chunked\r\ntransfer-encoding: identity',
  'Transfer-Encoding: chunked, identity',
  'Transfer-Encoding: identity, chunked',
  'Transfer-Encoding: identity',
  'Transfer-Encoding: gzip, chunked',
  'Transfer-Encoding: chunked, chunked',
  'Transfer-Encoding: chunked,',
  'Transfer-Encoding: ,chunked',
  'Transfer-Encoding: "chunked"',
  "Transfer-Encoding: 'chunked'",
  'Transfer-Encoding: chunked;q=1',
  'Transfer-Encoding: chunked foo',
  'Transfer-Encoding:',
  'Transfer-Encoding: \x0bchunked',
  'Transfer-Encoding: chunked\x0b',
  'Transfer-Encoding: \x00chunked',
  'Transfer-Encoding: \xa0chunked',
  'Transfer-Encoding: \x85chunked',
  'Transfer-Encoding: chunked\x7f',
  'Transfer-Encoding: \xffchunked',
  'Transfer-Encoding:\r\n chunked',
  'Transfer-Encoding:\n chunked',
  'Transfer-Encoding: chun\r\n ked',
  'Transfer-Encoding\r\n : chunked',
  ' Transfer-Encoding: chunked',
  '\tTransfer-Encoding: chunked',
  'X: y\nTransfer-Encoding: chunked',
  'X: y\rTransfer-Encoding: chunked',
  '\rTransfer-Encoding: chunked',
  '\x00Transfer-Encoding: chunked',
  'Transfer\xadEncoding: chunked\r\nTransfer-Encoding: x',
  'Transfer-Encoding\x00: chunked',
  'Transfer-Encoding',
  'Transfer-Encoding; chunked',
].flatMap((field) => [
  refused(`TE.TE ${JSON.stringify(field)}`, post(field, '0\r\n\r\n')),
  refused(`TE.TE beside a length, ${JSON.stringify(field)}`, post(`Content-Length: 5\r\n${field}`, '0\r\n\r\n')),
  refused(`TE.TE in the full lane, ${JSON.stringify(field)}`, post(`${field}\r\nTrailer: x`, '0\r\n\r\n')),
]);

const lengths: readonly SmugglingCase[] = [
  ...['+5', '-5', '0x5', '5 5', '5,5', '5, 5', '5;', '5.0', '5e0', ' ', '', '\xb25', '5\x0b', '5\0', '\t5\x0c'].flatMap(
    (value) => [
      refused(`the length ${JSON.stringify(value)}`, post(`Content-Length: ${value}`, 'hello')),
      refused(
        `the length ${JSON.stringify(value)} in the full lane`,
        post(`Content-Length: ${value}\r\nTrailer: x`, 'hello'),
      ),
    ],
  ),
  ...['18446744073709551621', '4294967296999999999999', '99999999999999999999999999999999'].flatMap((value) => [
    refused(`a length that overflows, ${value}`, post(`Content-Length: ${value}`, 'hello')),
    refused(
      `a length that overflows in the full lane, ${value}`,
      post(`Content-Length: ${value}\r\nTrailer: x`, 'hello'),
    ),
  ]),
  refused('two lengths', post('Content-Length: 5\r\nContent-Length: 6', 'hello')),
  refused('the same length twice', post('Content-Length: 5\r\ncontent-length: 5', 'hello')),
  refused(
    'the same length twice in the full lane',
    post('Content-Length: 5\r\nContent-Length: 5\r\nTrailer: x', 'hello'),
  ),
  refused('a length with white space before its colon', post('Content-Length : 5', 'hello')),
  refused('a length on a folded line', post('Content-Length:\r\n 5', 'hello')),
  refused('a length behind a bare LF', post('X: y\nContent-Length: 5', 'hello')),
  served('a length with zeros before it', post('Content-Length: 0005', 'hello'), 'POST /list hello'),
  served('a length with white space around it', post('Content-Length: \t 5 \t', 'hello'), 'POST /list hello'),
  served(
    'CL.0: a body that is a request',
    post(`Content-Length: ${smuggled.length}`, smuggled),
    `POST /list ${smuggled}`,
  ),
  served(
    'a GET with a body that is a request',
    get('/service/users/list', `Content-Length: ${smuggled.length}\r\n`) + smuggled,
    `GET /list ${smuggled}`,
  ),
  served(
    'a DELETE with a chunked body that is a request',
    `DELETE /service/users/list HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${inChunk}`,
    `DELETE /list ${smuggled}`,
  ),
  served(
    'an OPTIONS with a chunked body in the full lane',
    `OPTIONS /service/users/list HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: x\r\n\r\n${inChunk}`,
    `OPTIONS /list ${smuggled}`,
  ),
  served(
    'a DELETE by length in the full lane',
    `DELETE /service/users/list HTTP/1.1\r\nHost: a\r\nContent-Length: ${smuggled.length}\r\nTrailer: x\r\n\r\n${smuggled}`,
    `DELETE /list ${smuggled}`,
  ),
  served('a request without a body before another', post('X: y'), 'POST /list'),
];

const coded = 'Transfer-Encoding: chunked';
const chunkedBodies: readonly SmugglingCase[] = [
  served('a chunked body that is a request', post(coded, inChunk), `POST /list ${smuggled}`),
  served('an odd case of chunked', post('tRANSFER-eNCODING: CHUNKed', inChunk), `POST /list ${smuggled}`),
  served(
    'an odd case of chunked in the full lane',
    post('Transfer-Encoding: CHUNKed\r\nTrailer: x', inChunk),
    `POST /list ${smuggled}`,
  ),
  served('zeros before a chunk size', post(coded, `0000${inChunk}`), `POST /list ${smuggled}`),
  ...[
    ['with an extension', '5;a=b\r\nhello\r\n0\r\n\r\n'],
    ['with an extension that hides a line end', '5;a="\r\n"\r\nhello\r\n0\r\n\r\n'],
    ['with an extension of a bare LF', '5;\nxx\r\nhello\r\n0\r\n\r\n'],
    ['with an extension of a bare CR', '5;\rxx\r\nhello\r\n0\r\n\r\n'],
    ['with a sign', '+5\r\nhello\r\n0\r\n\r\n'],
    ['of less than nothing', '-5\r\nhello\r\n0\r\n\r\n'],
    ['with 0x', '0x5\r\nhello\r\n0\r\n\r\n'],
    ['with white space behind', '5 \r\nhello\r\n0\r\n\r\n'],
    ['with white space before', ' 5\r\nhello\r\n0\r\n\r\n'],
    ['without digits', '\r\nhello\r\n0\r\n\r\n'],
    ['of 64 bits and more', '10000000000000005\r\nhello\r\n0\r\n\r\n'],
    ['that overflows', 'fffffffffffffffff\r\nhello\r\n0\r\n\r\n'],
    ['of 32 bits and more, in many digits', '0000000100000005\r\nhello\r\n0\r\n\r\n'],
    ['that ends with a bare LF', '5\nhello\r\n0\r\n\r\n'],
    ['that ends with a bare CR', '5\rhello\r\n0\r\n\r\n'],
    ['whose data ends with a bare LF', '5\r\nhello\n0\r\n\r\n'],
    ['whose data does not end', '5\r\nhelloxx0\r\n\r\n'],
    ['whose data ends with CR and something else', '5\r\nhello\rx0\r\n\r\n'],
    ['that is no number', 'g\r\nhello\r\n0\r\n\r\n'],
    ['with an underscore', '0_5\r\nhello\r\n0\r\n\r\n'],
    ['with a NUL', '5\0\r\nhello\r\n0\r\n\r\n'],
  ].map(([about, body]) => refused(`a chunk ${about}`, post(coded, body))),
  refused('a trailer that says a length', post(coded, '0\r\nContent-Length: 5\r\n\r\n')),
  refused('a trailer that says chunked', post(coded, '0\r\nTransfer-Encoding: chunked\r\n\r\n')),
  refused('a trailer with white space before its colon', post(coded, '0\r\nX : y\r\n\r\n')),
  refused('a trailer on a folded line', post(coded, '0\r\nX: y\r\n z\r\n\r\n')),
  refused('a trailer with a bare LF', post(coded, '0\r\nX: y\nZ: z\r\n\r\n')),
  refused('a last chunk that ends with bare LFs', post(coded, '0\n\n')),
  served(
    'trailers that pose as headers',
    post(coded, '0\r\nHost: b\r\nX-Forwarded-For: 1.2.3.4\r\nAuthorization: x\r\n\r\n'),
    'POST /list',
  ),
  served('trailers that pose as a request', post(coded, '0\r\nGET: /api/greeter/smuggled\r\n\r\n'), 'POST /list'),
  served(
    'trailers in the full lane',
    post(`${coded}\r\nTrailer: Host`, '5\r\nhello\r\n0\r\nHost: b\r\n\r\n'),
    'POST /list hello',
  ),
];

const lines: readonly SmugglingCase[] = [
  refused('a request line that ends with a bare LF', 'GET /service/users/ HTTP/1.1\nHost: a\r\n\r\n'),
  refused('a request line that ends with a bare CR', 'GET /service/users/ HTTP/1.1\rHost: a\r\n\r\n'),
  refused('a head of bare LFs', 'GET /service/users/ HTTP/1.1\nHost: a\n\n'),
  refused('a header that ends with a bare LF', 'GET /service/users/ HTTP/1.1\r\nHost: a\nX: y\r\n\r\n'),
  refused('a bare CR in a value', get('/service/users/', 'X: y\rz\r\n')),
  refused('a folded line', get('/service/users/', 'X: y\r\n z\r\n')),
  refused('a first header that is folded', 'GET /service/users/ HTTP/1.1\r\n X: y\r\nHost: a\r\n\r\n'),
  refused('a NUL in a value', get('/service/users/', 'X: a\0b\r\n')),
  refused('a NUL in a name', get('/service/users/', 'X\0: b\r\n')),
  refused('a NUL in the path', get('/service/users/\0')),
  refused('a control character in a value', get('/service/users/', 'X: a\x01b\r\n')),
  refused('white space before a colon', get('/service/users/', 'X : b\r\n')),
  refused('a header without a colon', get('/service/users/', 'X\r\n')),
  refused('a header without a name', get('/service/users/', ': b\r\n')),
  refused('a name with a bracket', get('/service/users/', 'X(: b\r\n')),
  refused('a name beyond ASCII', get('/service/users/', 'X\xe9: b\r\n')),
  refused('white space in the path', get('/service/users/ /api/greeter/')),
  refused('two spaces behind the method', 'GET  /service/users/ HTTP/1.1\r\nHost: a\r\n\r\n'),
  refused('tabs in the request line', 'GET\t/service/users/\tHTTP/1.1\r\nHost: a\r\n\r\n'),
  refused('white space behind the version', 'GET /service/users/ HTTP/1.1 \r\nHost: a\r\n\r\n'),
  refused('HTTP/0.9', 'GET /service/users/\r\n\r\n'),
  refused('a version that is none', 'GET /service/users/ HTTP/1.10\r\nHost: a\r\n\r\n'),
  refused('another protocol', 'GET /service/users/ ICY/1.1\r\nHost: a\r\n\r\n'),
  refused('HTTP/2.0 without a preface', 'GET /service/users/ HTTP/2.0\r\nHost: a\r\n\r\n'),
  refused('a method in lower case', 'get /service/users/ HTTP/1.1\r\nHost: a\r\n\r\n'),
  refused('a method that nobody knows', 'GETT /service/users/ HTTP/1.1\r\nHost: a\r\n\r\n'),
  refused('a path beyond ASCII', get('/service/users/\xe9')),
  served('an empty line before the request', `\r\n${get('/service/users/list')}`, 'GET /list'),
  served('an empty line between requests', `${get('/service/users/list')}\r\n`, 'GET /list'),
];

const hosts: readonly SmugglingCase[] = [
  refused('no Host', 'GET /service/users/ HTTP/1.1\r\n\r\n'),
  refused('two Hosts', get('/service/users/', 'Host: b\r\n')),
  refused('the same Host twice', get('/service/users/', 'Host: a\r\n')),
  refused('two Hosts in the full lane', get('/service/users/', 'Host: b\r\nTrailer: x\r\n')),
  refused('a Host on a folded line', 'GET /service/users/ HTTP/1.1\r\nHost:\r\n a\r\n\r\n'),
];

const nominated = (about: string, fields: string, body: string, reach: string): readonly SmugglingCase[] => [
  served(`Connection names ${about}`, post(fields, body), reach),
  served(`Connection names ${about}, in the full lane`, post(`${fields}\r\nTrailer: x`, body), reach),
];
const connection: readonly SmugglingCase[] = [
  ...nominated('the length', 'Connection: content-length\r\nContent-Length: 5', 'hello', 'POST /list hello'),
  ...nominated(
    'the coding',
    'Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked',
    '5\r\nhello\r\n0\r\n\r\n',
    'POST /list hello',
  ),
  ...nominated('the host', 'Connection: host\r\nContent-Length: 5', 'hello', 'POST /list hello'),
  ...nominated(
    'what is set here',
    'Connection: X-Forwarded-For, X-Request-Id, traceparent\r\nContent-Length: 5',
    'hello',
    'POST /list hello',
  ),
  served(
    'Upgrade to h2c',
    get(
      '/service/users/list',
      'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n',
    ),
    'GET /list',
  ),
  served('Upgrade to h2c that Connection does not name', get('/service/users/list', 'Upgrade: h2c\r\n'), 'GET /list'),
  served('TE in an odd case', get('/service/users/list', 'tE: Trailers\r\n'), 'GET /list'),
];

const targets: readonly SmugglingCase[] = [
  ...[
    '/api/greeter/../../service/users/list',
    '/api/../service/users/list',
    '/service/users/../../api/greeter/x',
    '/service/../api/greeter/x',
    '/service/users/./list',
    '/service/users/..',
    '/service/users/.',
    '/service/users/%2e%2e/%2e%2e/api/greeter/x',
    '/service/users/%2E%2e/x',
    '/service/users/.%2e/x',
    '/service/users/%2e/x',
    '/service/users/..%2f..%2fapi/greeter/x',
    '/service/users/%2f..%2f..%2fapi/greeter/x',
    '/service/users\\..\\..\\api\\greeter\\x',
    '/service/users/..\\..\\api/greeter/x',
    '/service/users/..%5c..%5capi/greeter/x',
    '/service/users/#/../../api/greeter/x',
  ].map((target) => unrouted(`the path ${target}`, get(target), 400)),
  ...[
    '//service/users/list',
    '/service//users/list',
    '/service%2fusers/list',
    '/%73ervice/users/list',
    '\\service\\users',
  ].map((target) =>
    target.startsWith('/')
      ? unrouted(`the path ${target}`, get(target), 404)
      : refused(`the path ${target}`, get(target)),
  ),
  unrouted('the path /SERVICE/users/list', get('/SERVICE/users/list'), 404),
  served('slashes behind the service', get('/service/users//api/greeter/x'), 'GET //api/greeter/x'),
  served('an encoded slash behind the service', get('/service/users/%2fapi%2fgreeter'), 'GET /%2fapi%2fgreeter'),
  served('dots in the query', get('/service/users/list?/../../api/greeter/x'), 'GET /list?/../../api/greeter/x'),
  served('parameters of a segment', get('/service/users/..;/x'), 'GET /..;/x'),
  served('an absolute target', get('http://b/service/users/list'), 'GET /list'),
  unrouted('an absolute target with dots', get('http://b/service/users/../../api/greeter/x'), 400),
  refused('an authority as target', get('greeter:80')),
  unrouted('another scheme', get('ftp://b/service/users/list'), 404),
];

export const smugglingCases: readonly SmugglingCase[] = [
  ...bothFramings,
  ...codings,
  ...lengths,
  ...chunkedBodies,
  ...lines,
  ...hosts,
  ...connection,
  ...targets,
];
