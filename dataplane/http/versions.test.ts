import { createServer as createTcpServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, test, vi } from 'vitest';
import { listenForTest, rawConnection, service, startTestDataPlane, testSource } from '../data-plane.fixture.ts';
import { get, lanes } from './http.fixture.ts';

/** An instance that answers every request on a connection with these bytes, and tells how its connections go. */
async function startAnswering(answer: string) {
  const told = { connections: 0, requests: 0, open: 0 };
  const server = createTcpServer((socket) => {
    told.connections += 1;
    told.open += 1;
    socket.once('close', () => (told.open -= 1)).on('error', () => {});
    socket.on('data', () => {
      told.requests += 1;
      socket.write(answer);
    });
  });
  const { http } = await startTestDataPlane(testSource(service('go.micro.api.greeter', [await listenForTest(server)])));
  return { http, told };
}

const keptAnswer = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

describe.each(lanes)('in the $lane lane', ({ header }) => {
  test.each([
    ['HTTP/1.1', keptAnswer, 1],
    ['HTTP/1.1 that closes', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok', 2],
    [
      'HTTP/1.1 that keeps it for a second',
      'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nKeep-Alive: timeout=1\r\n\r\nok',
      2,
    ],
    ['HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok', 2],
    ['HTTP/1.0 that keeps it', 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok', 1],
  ])('two requests to an instance of %s', async (_, answer, connections) => {
    const { http, told } = await startAnswering(answer);
    const client = rawConnection(http);
    client.write(get('/api/greeter/', header));
    await vi.waitFor(() => expect(client.bytesRead).toBeGreaterThan(0));
    client.write(get('/api/greeter/', header, 'Connection: close\r\n'));
    const answers = await text(client);
    // What the instance says of its connection is not said of the client's.
    expect(answers.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(2);
    expect(answers.match(/^connection: .*$/gim)).toEqual(['Connection: close']);
    expect(answers).not.toMatch(/keep-alive/i);
    expect(told).toMatchObject({ connections, requests: 2 });
  });

  test.each([
    ['HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n'],
    ['HEAD', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['GET', 'HTTP/1.1 204 No Content\r\n\r\n'],
    ['GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\nETag: "a"\r\n\r\n'],
    ['GET', 'HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n'],
  ])('a %s with the answer %j, which has no body, is followed by others', async (method, answer) => {
    const { http, told } = await startAnswering(answer);
    const client = rawConnection(http);
    const head = get('/api/greeter/', header).replace('GET', method);
    client.write(head + head + head.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
    const answers = await text(client);
    expect(answers.match(/HTTP\/1\.1 /g)).toHaveLength(3);
    expect(answers.endsWith('\r\n\r\n')).toBe(true);
    expect(told.requests).toBe(3);
  });
});

test.each([
  ['', keptAnswer, 'close'],
  ['Connection: keep-alive\r\n', keptAnswer, 'keep-alive'],
  // Without a length, the end of the connection is the end of the body.
  ['Connection: keep-alive\r\n', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n', 'close'],
])('a client of HTTP/1.0 with the headers %j is answered without chunks', async (header, answer, connection) => {
  const { http } = await startAnswering(answer);
  const client = rawConnection(http).setEncoding('latin1');
  let received = '';
  client.on('data', (bytes: string) => (received += bytes));
  client.write(`GET /api/greeter/ HTTP/1.0\r\nHost: a\r\n${header}\r\n`);
  await vi.waitFor(() => expect(received).toMatch(/\r\n\r\nok$/));
  expect(received.toLowerCase()).toContain(`\r\nconnection: ${connection}\r\n`);
  expect(received).not.toMatch(/transfer-encoding/i);
});
