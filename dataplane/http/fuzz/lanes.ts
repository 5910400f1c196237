import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { answersIn, type RawAnswer, type RawMessage } from '../raw-instance.fixture.ts';
import type { Property } from '../../fuzz/property.ts';
import { converse, startTwoPlanes } from './two-planes.ts';
import { characters, cut } from './wire.ts';

/** A request, and what an instance answers it. Every part is well-formed. */
interface Exchange {
  readonly isTrusted: boolean;
  readonly method: string;
  readonly target: string;
  readonly fields: readonly string[];
  readonly body: string;
  /** A field that only the full lane serves, and that goes no further. */
  readonly declining: string;
  readonly cuts: readonly number[];
  readonly answer: RawAnswer;
}

const text = fc.string({ unit: characters('aZ0 \t,;="/\u0080\u00ff'), maxLength: 10 }).map((value) => value.trim());
// Not of digits alone: Node sends these first (the order of different names has no meaning), and a name that is an object's
// own, as "__proto__", not at all.
const name = fc.oneof(
  fc.string({ unit: characters('aAxX-.~'), minLength: 1, maxLength: 4 }),
  fc.constantFrom(
    'Accept',
    'accept',
    'Cookie',
    'cookie',
    'X-A',
    'x-a',
    'Authorization',
    'User-Agent',
    'Referer',
    'From',
    'Via',
    'X-Forwarded-For',
    'X-Forwarded-Proto',
    'X-Forwarded-Host',
    'X-Forwarded-Prefix',
    'x-forwarded-for',
    'Age',
    'X-Forwarded-Port',
    'Forwarded',
    'X-Real-IP',
    'tracestate',
    'X-Micro-Web-Base-Path',
    'If-Modified-Since',
    'Date',
    'Keep-Alive',
    'Proxy-Connection',
    'Proxy-Authorization',
    'TE',
    'HTTP2-Settings',
    'Origin',
    'Content-Type',
    'ETag',
  ),
);
const connection = fc.constantFrom(
  'close',
  'keep-alive',
  'Keep-Alive, X-A',
  'x-a, x-forwarded-for',
  'cookie',
  'host',
  'content-length',
  'te, X-Real-IP',
  'transfer-encoding',
  'X-Forwarded-Prefix,x-forwarded-host',
  ', ,',
  'traceparent, x-request-id',
  'set-cookie',
  'date',
);
const field = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(name, text).map(([key, value]) => `${key}: ${value}`) },
  { weight: 1, arbitrary: connection.map((value) => `Connection: ${value}`) },
);

/** Now and then more than a socket takes, or a buffer has, at once. */
const bytes = fc.oneof(
  { weight: 15, arbitrary: fc.string({ unit: 'binary-ascii', maxLength: 60 }) },
  {
    weight: 1,
    arbitrary: fc
      .integer({ min: 15_000, max: 300_000 })
      .map((length) =>
        Array.from({ length: Math.ceil(length / 8) }, (_, index) => index.toString(36).padStart(8, '.')).join(''),
      ),
  },
);
const chunked = fc
  .tuple(
    fc.array(
      bytes.filter((data) => data !== ''),
      { maxLength: 4 },
    ),
    fc.constantFrom('', '', 'X-T: 1\r\n'),
  )
  .map(
    ([all, trailers]) =>
      `${all.map((each) => `${each.length.toString(16)}\r\n${each}\r\n`).join('')}0\r\n${trailers}\r\n`,
  );
const framed = fc.oneof(
  fc.constant(['', ''] as const),
  bytes.map((body) => [`Content-Length: ${body.length}`, body] as const),
  chunked.map((body) => ['Transfer-Encoding: chunked', body] as const),
);

const answerField = fc.oneof(
  { weight: 3, arbitrary: field },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      'Set-Cookie: a=1',
      'Set-Cookie: b=2; Path=/',
      'set-cookie: c',
      'Server: x',
      'Date: Thu, 01 Jan 1970 00:00:00 GMT',
      'Trailer: X-T',
      'Upgrade: h2c',
      'Proxy-Authenticate: Basic',
      'Vary: a',
      'vary: b',
      'Keep-Alive: timeout=5',
      'WWW-Authenticate: a',
      'WWW-Authenticate: b',
      'Location: /service/users/',
      'Link: <a>',
      'Cache-Control: no-store',
    ),
  },
);
const answer: fc.Arbitrary<RawAnswer> = fc
  .record({
    interim: fc.constantFrom(
      '',
      '',
      '',
      'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nX: y\r\n\r\n',
      'HTTP/1.1 100 Continue\r\n\r\n',
    ),
    version: fc.constantFrom('1', '1', '1', '0'),
    status: fc.constantFrom(
      '200 OK',
      '201 Made',
      '404 Not Found',
      '500 \u00e9',
      '200 ',
      '200',
      '204 No Content',
      '304 Not Modified',
      '302 Found',
      '599 a\tb',
    ),
    fields: fc.array(answerField, { maxLength: 6 }),
    framed,
  })
  .map(({ interim, version, status, fields, framed: [framing, body] }) => {
    // HTTP/1.0 knows neither.
    const isOld = version === '0';
    const [framingField, sent] = isOld && framing.startsWith('T') ? ['', ''] : [framing, body];
    const isBodiless = status.startsWith('204') || status.startsWith('304');
    const lines = [...fields, ...(framingField === '' ? [] : [framingField])].map((line) => `${line}\r\n`).join('');
    const head = `HTTP/1.${version} ${status}\r\n${lines}\r\n`;
    // Without a length, the end of the connection ends the answer.
    const ends = framingField === '' || fields.some((line) => /^connection:.*close/i.test(line)) || isOld;
    return { bytes: (isOld ? '' : interim) + head + (isBodiless ? '' : sent), ends };
  });

const target = fc.constantFrom(
  '/service/users/list',
  '/service/users',
  '/service/users?a=b',
  '/web/blog/a?b',
  '/web/blog',
  '/service/users//x/%2f',
  '/service/none/x',
  '/service/nobody/',
  '/',
  '/service/users/../x',
  '/service/dead/',
  '/web/blog?x=1',
  '/<b>',
  '/#',
  `/service/users/${'x'.repeat(8_200)}`,
);

const request = fc
  .record({
    isTrusted: fc.boolean(),
    method: fc.constantFrom('GET', 'GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'),
    target: fc.oneof({ weight: 3, arbitrary: fc.constant('/service/users/list') }, { weight: 2, arbitrary: target }),
    others: fc.array(field, { maxLength: 8 }),
    accept: fc.constantFrom([], [], ['Accept: text/html']),
    framed,
    declining: fc.constantFrom('Trailer: x', 'Expect: 100-continue'),
    cuts: fc.oneof(fc.constant([]), fc.constant([0]), fc.array(fc.integer({ min: 1, max: 999 }), { maxLength: 5 })),
    answer,
  })
  .chain(({ others, accept, framed: anyBody, ...rest }) => {
    // A large body that no instance takes may be answered with a reset in the full lane: Node does not linger.
    const isTaken = rest.target === '/service/users/list' || anyBody[1].length < 2_000;
    const [framing, body] = isTaken ? anyBody : (['', ''] as const);
    const needed = ['Host: a.example', 'X-Request-Id: 1', `traceparent: 00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`];
    const all = [...others, ...accept, ...needed, ...(framing === '' ? [] : [framing])];
    return fc.shuffledSubarray(all, { minLength: all.length }).map((fields): Exchange => ({ ...rest, fields, body }));
  });

/** Asks for what no service is, and for the end of the connection. */
const last = 'GET /nothing HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

/**
 * What reaches an instance and what comes back is the same from either lane, byte for byte but for the boundaries of
 * chunks, and in whatever pieces the request comes.
 */
export const lanes: Property<Exchange> = {
  name: 'lanes',
  inputs: request,
  async start() {
    const planes = await startTwoPlanes();
    const { instance } = planes;

    async function outcome(exchange: Exchange, declining: readonly string[], cuts: readonly number[]) {
      const { isTrusted, method, target: path, fields, body, answer: answered } = exchange;
      const lines = [...fields, ...declining].map((line) => `${line}\r\n`).join('');
      // Who writes behind a last request may lose its answer in the full lane, to a reset: Node does not linger.
      const more = fields.some((line) => /^connection:.*close/i.test(line)) ? '' : last;
      const sent = `${method} ${path} HTTP/1.1\r\n${lines}\r\n${body}${more}`;
      instance.answer = ({ head }) => (head.startsWith('HEAD') ? withoutBody(answered) : answered);
      instance.requests.length = 0;
      const received = await converse(isTrusted ? planes.trusting : planes.doubting, cut({ bytes: sent, cuts }));
      assert.deepEqual(instance.errors, []);
      const answers = answersIn(received, [method, 'GET']);
      return { reached: [...instance.requests], answers: answers.filter(isNoContinue).map(withoutDate) };
    }

    return {
      async check(exchange) {
        const fast = await outcome(exchange, [], []);
        assert.deepEqual(await outcome(exchange, [], exchange.cuts), fast, 'the pieces make a difference');
        assert.deepEqual(await outcome(exchange, [exchange.declining], []), fast, 'the lanes differ');
        assert.deepEqual(
          await outcome(exchange, [exchange.declining], exchange.cuts),
          fast,
          'the lanes differ on pieces',
        );
        return fast.reached.length > 0;
      },
      [Symbol.asyncDispose]: () => planes[Symbol.asyncDispose](),
    };
  },
};

function withoutBody({ bytes: all, ends = false }: RawAnswer): RawAnswer {
  const isInterim = all.startsWith('HTTP/1.1 1');
  const end = all.indexOf('\r\n\r\n', isInterim ? all.indexOf('\r\n\r\n') + 4 : 0) + 4;
  return { bytes: all.slice(0, end), ends };
}

function isNoContinue({ head }: RawMessage): boolean {
  return !head.startsWith('HTTP/1.1 100 ');
}

/** The seconds may pass between two answers. */
function withoutDate({ head, body }: RawMessage): RawMessage {
  return { head: head.replace(/^Date: \w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT\r\n/gim, 'Date: …\r\n'), body };
}
