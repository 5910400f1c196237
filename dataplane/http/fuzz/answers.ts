import assert from 'node:assert/strict';
import { Agent, type IncomingMessage, request as sendRequest } from 'node:http';
import * as fc from 'fast-check';
import { maxHeadBytes } from '../../limits.ts';
import { readAnswerHead } from '../fast/answer-head.ts';
import { bodyReader } from '../fast/body-reader.ts';
import { NodeWire } from './node-wire.ts';
import type { Property } from '../../fuzz/property.ts';
import { dechunked, type Seen } from './views.ts';
import { cut, disturbed, fieldsWith, framed, join, lineEnd, type Pieces, pieces, seldom } from './wire.ts';

interface Asked extends Pieces {
  readonly method: string;
}

const version = seldom(
  8,
  fc.constant('HTTP/1.1'),
  fc.constantFrom('HTTP/1.0', 'HTTP/1.0', 'HTTP/1.0', 'HTTP/1.2', 'HTTP/2', 'http/1.1', 'HTTP/0.9', 'ICY', ''),
);
const status = seldom(
  20,
  fc.constantFrom('200', '200', '200', '204', '206', '304', '301', '404', '500', '599'),
  fc.constantFrom('101', '100', '099', '600', '999', '20', '2000', '+200', '2 0', '', '0x200'),
);
const reason = seldom(
  30,
  fc.constantFrom(' OK', ' Not Found', ' ', '', ' \u00e9', ' a\tb'),
  fc.constantFrom('OK', '  OK', ' a\0b', ' a\x7fb', '\tOK', ' a\rb', ' a\nb'),
);
const connection = fc.constantFrom(
  'X: y',
  'X: y',
  'Connection: close',
  'Connection: keep-alive',
  'Keep-Alive: timeout=5',
);

const interim = fc.oneof(
  { weight: 4, arbitrary: fc.constant('') },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      'HTTP/1.1 100 Continue\r\n\r\n',
      'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n',
      'HTTP/1.1 102\r\n\r\n',
      'HTTP/1.1 103 Early Hints\r\nContent-Length: 3\r\n\r\n',
      'HTTP/1.1 103 Early Hints\r\nTransfer-Encoding: chunked\r\n\r\n',
      'HTTP/1.0 100 Continue\r\n\r\n',
    ),
  },
);
const answer = fc
  .tuple(framed, connection)
  .chain(([[field, body], connectionField]) =>
    fc
      .tuple(interim, version, fc.constant(' '), status, reason, lineEnd, fieldsWith(field, [connectionField]), lineEnd)
      .map((parts) => join(parts) + body),
  );

/** Whatever an instance answers, the fast lane takes it for malformed, or sees exactly the answer that `node:http` sees. */
export const answers: Property<Asked> = {
  name: 'answers',
  inputs: fc
    .tuple(
      pieces(disturbed(fc.tuple(answer, fc.constantFrom('', '', '', 'x')).map(join))),
      fc.constantFrom('GET', 'GET', 'HEAD'),
    )
    .map(([all, method]) => ({ ...all, method })),
  async start() {
    return {
      async check(input) {
        const fast = seenByFastLane(cut(input), input.method);
        const node = await seenByNode(cut(input), input.method);
        if (fast) compare(fast, node, input.method);
        return fast !== undefined;
      },
      async [Symbol.asyncDispose]() {},
    };
  },
};

interface AnswerSeen extends Seen {
  /** The status of the interim ones before it. */
  readonly interim: readonly number[];
  /** Whether the connection can be used again. */
  keepAlive: boolean;
}

function compare(fast: AnswerSeen, node: AnswerSeen | undefined, method: string): void {
  assert(node, `the fast lane sees an answer ${fast.line} that node:http does not see`);
  assert.equal(fast.line, node.line);
  assert.deepEqual(fast.fields, node.fields);
  assert.deepEqual(fast.interim, node.interim);
  if (fast.isWhole) {
    assert.equal(fast.body, node.body);
    assert(node.isWhole, 'the fast lane takes the answer for whole');
  } else assert(node.body.startsWith(fast.body) || fast.body.startsWith(node.body));
  // Node lets go of a connection after an answer to HEAD that says no length, which leaves nothing open.
  if (fast.keepAlive && method !== 'HEAD')
    assert(node.keepAlive, 'the fast lane uses a connection again that node:http does not');
}

/** As `asking` and `answering` go through what comes, up to the end of the connection. Undefined for what is malformed. */
function seenByFastLane(all: readonly Buffer[], method: string): AnswerSeen | undefined {
  const interims: number[] = [];
  let received = Buffer.alloc(0);
  let seen: AnswerSeen | undefined;
  let body:
    | { readonly reader: ReturnType<typeof bodyReader>; readonly framing: string; readonly keepAlive: boolean }
    | undefined;
  let text = '';
  for (const piece of all) {
    received = Buffer.concat([received, piece]);
    while (!body && received.length > 0) {
      const reading = readAnswerHead(received.toString('latin1', 0, Math.min(received.length, maxHeadBytes)), method);
      if (reading.kind === 'malformed') return undefined;
      if (reading.kind === 'incomplete') break;
      const { head, length } = reading;
      received = received.subarray(length);
      if (head.status < 200) {
        interims.push(head.status);
        continue;
      }
      const fields = head.fields.flatMap(({ name, value }) => [name, value]);
      seen = {
        line: `${head.status} ${head.reason}`,
        fields,
        body: '',
        isWhole: false,
        interim: interims,
        keepAlive: false,
      };
      body = { reader: bodyReader(head.framing), framing: head.framing.kind, keepAlive: head.keepAlive };
    }
    if (!body || !seen) continue;
    const { reader, framing, keepAlive } = body;
    if (!reader.read(received, 0, received.length)) return seen;
    text += reader.held + received.toString('latin1', 0, reader.passedTo);
    seen.body = framing === 'chunked' ? dechunked(text) : text;
    assert.equal(seen.body.length, reader.length, 'the fast lane counts another length than it passes on');
    received = received.subarray(reader.at);
    if (reader.isWhole) {
      seen.isWhole = true;
      seen.keepAlive = keepAlive && received.length === 0;
      return seen;
    }
  }
  if (seen && body?.framing === 'close') seen.isWhole = true;
  return seen;
}

// RFC 9112 section 4. The fast lane leaves out others.
const notInReason = /[^\t\u0020-\u007e\u0080-\u00ff]/;

async function seenByNode(all: readonly Buffer[], method: string): Promise<AnswerSeen | undefined> {
  const wire = new NodeWire();
  const agent = Object.assign(new Agent({ keepAlive: true }), { createConnection: () => wire });
  const interims: number[] = [];
  let seen: AnswerSeen | undefined;
  const outgoing = sendRequest({ host: 'a', method, agent }).on('error', () => wire.destroy());
  outgoing.on('information', ({ statusCode }) => interims.push(statusCode));
  outgoing.once('response', (incoming: IncomingMessage) => {
    const { statusCode, statusMessage = '', rawHeaders: fields } = incoming;
    const line = `${statusCode} ${notInReason.test(statusMessage) ? '' : statusMessage}`;
    const { shouldKeepAlive: keepAlive } = outgoing;
    const answered: AnswerSeen = { line, fields, body: '', isWhole: false, interim: interims, keepAlive };
    seen = answered;
    incoming.on('data', (chunk: Buffer) => {
      answered.body += chunk.toString('latin1');
    });
    incoming.on('error', () => {});
    incoming.once('end', () => {
      answered.isWhole = incoming.complete;
    });
    incoming.once('close', () => wire.destroy());
  });
  outgoing.end();
  await new Promise(setImmediate);
  await wire.play(all);
  await new Promise(setImmediate);
  agent.destroy();
  return seen;
}
