import { text } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test } from 'vitest';
import { rawConnection, service, startTestDataPlane, testSource } from '../data-plane.fixture.ts';
import { answersIn, RawInstance, type RawMessage } from './raw-instance.fixture.ts';
import { type SmugglingCase, smugglingCases } from './smuggling-cases.fixture.ts';

async function startWithInstances() {
  const [users, greeter] = [new RawInstance(), new RawInstance()];
  onTestFinished(async () => {
    await users[Symbol.asyncDispose]();
    await greeter[Symbol.asyncDispose]();
  });
  const { http } = await startTestDataPlane(
    testSource(
      service('go.micro.service.users', [await users.start()]),
      service('go.micro.api.greeter', [await greeter.start()]),
    ),
  );
  return { http, users, greeter };
}

function seen({ head, body }: RawMessage): string {
  return `${head.slice(0, head.indexOf(' HTTP/1.1\r\n'))} ${body}`.trimEnd();
}

const statusOf = ({ head }: RawMessage): number => Number(head.slice('HTTP/1.1 '.length, 'HTTP/1.1 200'.length));

test.each<SmugglingCase>(smugglingCases)('$about', async ({ sent, answers, reach = [] }) => {
  const { http, users, greeter } = await startWithInstances();
  const socket = rawConnection(http);
  socket.write(sent, 'latin1');
  const received = answersIn(await text(socket.setEncoding('latin1')), []);
  expect(received.map(statusOf)).toEqual(answers);
  expect(users.requests.map(seen)).toEqual(reach.map((each) => each.trimEnd()));
  expect(greeter.requests.map(seen)).toEqual([]);
  expect([...users.errors, ...greeter.errors]).toEqual([]);
});

/** Answers that an instance gives, to `GET /1`, and what the client sees: a status, or a transfer that breaks off. */
const ok = 'HTTP/1.1 200 OK\r\n';
const extra = 'HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nsmuggled';

describe.each([
  ['the fast lane', ''],
  ['the full lane', 'Trailer: x\r\n'],
])('what an instance answers through %s', (_lane, fields) => {
  test.each([
    ['two lengths', `${ok}Content-Length: 2\r\nContent-Length: 3\r\n\r\nok`],
    ['the same length twice', `${ok}Content-Length: 2\r\nContent-Length: 2\r\n\r\nok`],
    ['a length with a sign', `${ok}Content-Length: +2\r\n\r\nok`],
    ['a length that is a list', `${ok}Content-Length: 2, 2\r\n\r\nok`],
    ['a length of no digits', `${ok}Content-Length: x\r\n\r\nok`],
    ['a length that overflows', `${ok}Content-Length: 99999999999999999999\r\n\r\nok`],
    ['a length beside chunks', `${ok}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`],
    ['white space before a colon', `${ok}Content-Length : 2\r\n\r\nok`],
    ['a folded line', `${ok}X: a\r\n b\r\nContent-Length: 2\r\n\r\nok`],
    ['a bare LF', `${ok}X: a\nContent-Length: 2\r\n\r\nok`],
    ['a bare CR', `${ok}X: a\rb\r\nContent-Length: 2\r\n\r\nok`],
    ['a head of bare LFs', 'HTTP/1.1 200 OK\nContent-Length: 2\n\nok'],
    ['a NUL', `${ok}X: a\0b\r\nContent-Length: 2\r\n\r\nok`],
    ['a header without a colon', `${ok}X\r\nContent-Length: 2\r\n\r\nok`],
    ['no status', 'HTTP/1.1 OK\r\nContent-Length: 2\r\n\r\nok'],
    ['a status that is none', 'HTTP/1.1 600 OK\r\nContent-Length: 2\r\n\r\nok'],
    [
      'an upgrade that nobody asked for',
      'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n',
    ],
    ['another protocol', 'ICY 200 OK\r\nContent-Length: 2\r\n\r\nok'],
    ['what is no HTTP', 'hello\r\n\r\n'],
  ])('is a 502, and its connection is not used again: %s', async (_about, bytes) => {
    const { http, users } = await startWithInstances();
    users.answer = ({ head }) => ({ bytes: head.startsWith('POST /1') ? bytes : `${ok}Content-Length: 1\r\n\r\n2` });
    const socket = rawConnection(http);
    socket.write(
      `POST /service/users/1 HTTP/1.1\r\nHost: a\r\n${fields}\r\n` +
        `GET /service/users/2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${fields}\r\n`,
    );
    const received = answersIn(await text(socket.setEncoding('latin1')), []);
    expect(received.map(statusOf)).toEqual([502, 200]);
    expect(received[1]?.body).toBe('2');
    expect(users.connections).toBe(2);
  });

  test.each([
    ['by length', `${ok}Content-Length: 1\r\n\r\n1${extra}`],
    ['in chunks', `${ok}Transfer-Encoding: chunked\r\n\r\n1\r\n1\r\n0\r\n\r\n${extra}`],
    ['without a body', `HTTP/1.1 204 No Content\r\n\r\n${extra}`],
    ['of which nothing changed', `HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n${extra}`],
  ])('is not taken for the answer to the next request: more behind an answer %s', async (_about, bytes) => {
    const { http, users } = await startWithInstances();
    users.answer = ({ head }) => ({ bytes: head.startsWith('GET /1') ? bytes : `${ok}Content-Length: 1\r\n\r\n2` });
    const bodies: unknown[] = [];
    for (const target of ['1', '2', '1', '2']) {
      const socket = rawConnection(http);
      socket.write(`GET /service/users/${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${fields}\r\n`);
      const answer = await text(socket.setEncoding('latin1'));
      expect(answer).not.toContain('smuggled');
      bodies.push(...answersIn(answer, []).map(({ body }) => body));
    }
    expect(bodies).toEqual([expect.any(String), '2', expect.any(String), '2']);
    expect(users.requests).toHaveLength(4);
  });
});
