import assert from 'node:assert/strict';
import { createServer, type IncomingMessage } from 'node:http';
import * as fc from 'fast-check';
import { maxHeadBytes } from '../../limits.ts';
import { bodyReader } from '../fast/body-reader.ts';
import { type HeadersMemory, readRequestHead } from '../fast/request-head.ts';
import { NodeWire } from './node-wire.ts';
import type { Property } from '../../fuzz/property.ts';
import { dechunked, type Seen } from './views.ts';
import { cut, disturbed, fieldsWith, framed, join, lineEnd, type Pieces, pieces, seldom } from './wire.ts';

const method = seldom(
  30,
  fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'),
  fc.constantFrom(
    'get',
    'PRI',
    'TRACE',
    'CONNECT',
    'M-SEARCH',
    'GETT',
    'G ET',
    '',
    ' GET',
    '\r\nGET',
    'GET\0',
    'QUERY',
  ),
);
const target = seldom(
  20,
  fc.constantFrom('/', '/a?b=c', '/%2e%2e/', '//a', '/a\\b', '/a#b', '/{}|^"', '/?', '/api/greeter/'),
  fc.oneof(
    fc.constantFrom('*', 'http://h/x', 'h:80', '', '/a b', '/\u00e9', '/\0', '/\t', 'x', '/\x7f', 'HTTP/1.1'),
    fc.integer({ min: 8_185, max: 8_200 }).map((length) => `/${'x'.repeat(length)}`),
  ),
);
const version = seldom(
  30,
  fc.constant('HTTP/1.1'),
  fc.constantFrom('HTTP/1.0', 'HTTP/1.2', 'HTTP/2.0', 'http/1.1', 'HTTP/1.1 ', 'HTTP/1.01', 'HTTP/1', '', 'HTTP/1.1\0'),
);
const space = seldom(60, fc.constant(' '), fc.constantFrom('  ', '\t', '', ' \t', '\x0b'));
const host = seldom(
  40,
  fc.constant('Host: a'),
  fc.constantFrom('Host:', 'Host : a', 'Host: a\r\nHost: b', 'X: y', 'HOST:a'),
);

const request = fc
  .tuple(framed, host)
  .chain(([[field, body], hostField]) =>
    fc
      .tuple(method, space, target, space, version, lineEnd, fieldsWith(field, [hostField]), lineEnd, fc.constant(body))
      .map(join),
  );

/** Whatever bytes come, the fast lane declines, refuses, or sees exactly the requests that `node:http` sees. */
export const requests: Property<Pieces> = {
  name: 'requests',
  // Alike, now and then: the fast lane remembers the last head of a connection.
  inputs: pieces(
    disturbed(
      fc
        .tuple(fc.array(request, { minLength: 1, maxLength: 3 }), fc.constantFrom(1, 1, 2))
        .map(([all, times]) => join(all).repeat(times)),
    ),
  ),
  async start() {
    const node = nodeServer();
    return {
      async check(input) {
        const fast = seenByFastLane(cut(input));
        const seen = await node.seen(cut(input));
        compare(fast, seen);
        return fast.requests.length > 0;
      },
      async [Symbol.asyncDispose]() {},
    };
  },
};

interface FastView {
  readonly requests: readonly Seen[];
  readonly end: 'waiting' | 'declined' | 'refused' | 'closed';
}

function compare({ requests: fast, end }: FastView, node: readonly Seen[]): void {
  for (const [index, each] of fast.entries()) {
    const other = node[index];
    assert(other, `the fast lane sees a request ${each.line} that node:http does not see`);
    assert.equal(each.line, other.line);
    assert.deepEqual(each.fields, other.fields);
    if (each.isWhole || end === 'waiting') {
      assert.equal(each.body, other.body);
      assert.equal(each.isWhole, other.isWhole, 'one side takes the body for whole');
    } else assert(other.body.startsWith(each.body));
  }
  if (end === 'waiting')
    assert.equal(fast.length, node.length, 'node:http sees a request that the fast lane waits for');
}

/** As `reading` and `asking` go through what comes. */
function seenByFastLane(all: readonly Buffer[]): FastView {
  const seen: Seen[] = [];
  const memory: HeadersMemory = { section: undefined, reading: undefined };
  let received = Buffer.alloc(0);
  let body: { readonly reader: ReturnType<typeof bodyReader>; readonly isChunked: boolean; text: string } | undefined;
  for (const piece of all) {
    received = Buffer.concat([received, piece]);
    for (;;) {
      if (!body) {
        if (received.length === 0) break;
        const reading = readRequestHead(
          received.toString('latin1', 0, Math.min(received.length, maxHeadBytes)),
          memory,
        );
        if (reading.kind === 'incomplete') break;
        if (reading.kind !== 'head') return { requests: seen, end: reading.kind };
        const { head, length } = reading;
        const fields = head.fields.flatMap(({ name, value }) => [name, value]);
        seen.push({ line: `${head.method} ${head.target}`, fields, body: '', isWhole: false });
        body = { reader: bodyReader(head.framing), isChunked: head.framing.kind === 'chunked', text: '' };
        received = received.subarray(length);
        if (head.close) body = Object.assign(body, { isLast: true });
      }
      const { reader, isChunked } = body;
      const request = seen.at(-1) as Seen;
      if (!reader.read(received, 0, received.length)) return { requests: seen, end: 'refused' };
      body.text += reader.held + received.toString('latin1', 0, reader.passedTo);
      request.body = isChunked ? dechunked(body.text) : body.text;
      request.isWhole = reader.isWhole;
      assert.equal(request.body.length, reader.length, 'the fast lane counts another length than it passes on');
      received = received.subarray(reader.at);
      if (!reader.isWhole) break;
      if ('isLast' in body) return { requests: seen, end: 'closed' };
      body = undefined;
    }
  }
  return { requests: seen, end: 'waiting' };
}

function nodeServer() {
  let seen: Seen[] = [];
  let incomings: IncomingMessage[] = [];
  const server = createServer({ maxHeaderSize: 64 * 1024 }, (incoming, response) => {
    const { method: verb, url, rawHeaders: fields } = incoming;
    const request: Seen = { line: `${verb} ${url}`, fields, body: '', isWhole: false };
    seen.push(request);
    incomings.push(incoming);
    incoming.on('data', (chunk: Buffer) => {
      request.body += chunk.toString('latin1');
    });
    incoming.on('error', () => {});
    incoming.once('end', () => response.end());
  });
  // Later, so that what came before the error is told of.
  server.on('clientError', (_error, socket) => setImmediate(() => socket.destroy()));
  return {
    async seen(all: readonly Buffer[]): Promise<readonly Seen[]> {
      seen = [];
      incomings = [];
      const wire = new NodeWire();
      server.emit('connection', wire);
      await wire.play(all);
      for (const [index, { complete }] of incomings.entries()) (seen[index] as Seen).isWhole = complete;
      return seen;
    },
  };
}
