import { once } from 'node:events';
import { createServer as createTcpServer, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, test, vi } from 'vitest';
import { listenForTest, rawConnection, service, startTestDataPlane, testSource } from '../data-plane.fixture.ts';
import { sendHttp1 } from './http.fixture.ts';

const head = (...fields: string[]) =>
  `${['POST /api/greeter/ HTTP/1.1', 'Host: a', ...fields].map((line) => `${line}\r\n`).join('')}\r\n`;

const lanes = [
  { lane: 'fast', fields: [] as string[] },
  { lane: 'full', fields: ['Trailer: x'] },
];

/** What the client has sent, and the instance has answered, when one of them closes. */
const states = [
  { state: 'with half a head', sent: () => 'GET /api/greeter/ HT', answered: undefined },
  {
    state: 'with half a body',
    sent: (fields: string[]) => `${head(...fields, 'Content-Length: 10')}12345`,
    answered: '',
  },
  { state: 'with a whole request', sent: (fields: string[]) => head(...fields, 'Content-Length: 0'), answered: '' },
  {
    state: 'with half an answer',
    sent: (fields: string[]) => head(...fields, 'Content-Length: 0'),
    answered: 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345',
  },
];

const closes = [
  { by: 'a FIN', close: (socket: Socket) => void socket.end() },
  { by: 'a RST', close: (socket: Socket) => void socket.resetAndDestroy() },
];

/** An instance that answers so much of an answer, and keeps its connections. */
async function startInstance(answered = '') {
  const connections: Socket[] = [];
  let closed = 0;
  const server = createTcpServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {}).on('close', () => (closed += 1));
    socket.on('end', () => socket.end());
    socket.once('data', () => {
      connections.push(socket);
      socket.write(answered);
    });
  });
  return { address: await listenForTest(server), connections, closed: () => closed };
}

describe.each(lanes)('in the $lane lane', ({ fields }) => {
  describe.each(states)('$state', ({ sent, answered }) => {
    test.each(closes)('a client that leaves by $by leaves nothing behind', async ({ close }) => {
      const { address, connections, closed } = await startInstance(answered);
      const { http, admin } = await startTestDataPlane(testSource(service('go.micro.api.greeter', [address])), {
        timeouts: { halfClosedMs: 50, requestHeadMs: 50 },
      });
      const client = rawConnection(http).on('error', () => {});
      await once(client, 'connect');
      client.write(sent(fields));
      const reached = answered === undefined ? 0 : 1;
      await vi.waitFor(() => expect(connections).toHaveLength(reached));
      if (answered) await once(client, 'data');
      close(client);
      client.resume();
      await vi.waitFor(() => expect(closed()).toBe(reached), { timeout: 5_000 });
      await vi.waitFor(
        async () => {
          const { body } = await sendHttp1(admin, '/metrics');
          expect(body).not.toMatch(/^micro_open_connections\{entrypoint="http"[^}]*\} [1-9]/m);
        },
        { timeout: 5_000 },
      );
    });

    // Half a head reaches no instance.
    test.each(answered === undefined ? [] : closes)(
      'an instance that leaves by $by is answered for, or breaks the answer',
      async ({ close }) => {
        const { address, connections } = await startInstance(answered);
        const { http } = await startTestDataPlane(testSource(service('go.micro.api.greeter', [address])));
        const client = rawConnection(http).on('error', () => {});
        let received = '';
        client.on('data', (bytes) => (received += String(bytes)));
        client.write(sent(fields));
        await vi.waitFor(() => expect(connections).toHaveLength(1));
        await vi.waitFor(() => expect(received).toContain(answered ? '12345' : ''));
        for (const socket of connections) close(socket);
        if (answered) await once(client, 'close');
        const outcome = answered ? /^HTTP\/1\.1 200 [^]*\r\n\r\n12345$/ : /^HTTP\/1\.1 502 /;
        await vi.waitFor(() => expect(received).toMatch(outcome), { timeout: 5_000 });
      },
    );
  });

  test('a client that ends its side still gets its answer', async () => {
    const { address, connections } = await startInstance();
    const { http } = await startTestDataPlane(testSource(service('go.micro.api.greeter', [address])));
    const client = rawConnection(http);
    client.end(head(...fields, 'Content-Length: 0'));
    await vi.waitFor(() => expect(connections).toHaveLength(1));
    connections[0]?.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    expect(await text(client)).toMatch(/^HTTP\/1\.1 200 [^]*ok$/);
  });
});
