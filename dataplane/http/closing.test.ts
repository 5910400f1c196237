import { once } from 'node:events';
import { connect, createServer as createTcpServer, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { TcpAddress } from '../../proto/channel/address.ts';
import { listenForTest, service, startTestDataPlane, testSource } from '../data-plane.fixture.ts';
import { get, lanes, sendHttp1 } from './http.fixture.ts';

/** An instance of which the test holds the other end, and reads what it is sent. */
interface HeldInstance {
  readonly address: string;
  /** The next connection, once the data plane has made it. */
  next(): Promise<HeldConnection>;
}

interface HeldConnection {
  readonly socket: Socket;
  /** Waits until it was sent all of this. */
  receives(bytes: string): Promise<void>;
  /** Waits until the data plane has let go of it. */
  isGone(): Promise<void>;
}

async function startHeld(): Promise<HeldInstance> {
  const waiting: HeldConnection[] = [];
  const server = createTcpServer({ allowHalfOpen: true }, (socket) => waiting.push(hold(socket)));
  const address = await listenForTest(server);
  return {
    address,
    async next() {
      await vi.waitFor(() => expect(waiting).not.toHaveLength(0));
      return waiting.shift() as HeldConnection;
    },
  };
}

function hold(socket: Socket): HeldConnection {
  let received = '';
  let hasEnded = false;
  socket.on('data', (bytes: Buffer) => (received += bytes.toString('latin1')));
  socket
    .on('error', () => {})
    .once('end', () => (hasEnded = true))
    .once('close', () => (hasEnded = true));
  return {
    socket,
    receives: (bytes) => vi.waitFor(() => expect(received).toContain(bytes)),
    isGone: () => vi.waitFor(() => expect(hasEnded).toBe(true), { timeout: 5_000 }),
  };
}

/** What a client has read, and how its connection ended. */
interface Client {
  readonly socket: Socket;
  readonly read: () => string;
  /** Waits for the end, whether by FIN or reset. */
  ends(): Promise<string>;
}

function clientOf({ host, port }: TcpAddress): Client {
  const socket = connect({ host, port, allowHalfOpen: true });
  onTestFinished(() => void socket.destroy());
  let received = '';
  let hasEnded = false;
  socket.on('data', (bytes: Buffer) => (received += bytes.toString('latin1')));
  socket
    .on('error', () => {})
    .once('end', () => (hasEnded = true))
    .once('close', () => (hasEnded = true));
  return {
    socket,
    read: () => received,
    async ends() {
      await vi.waitFor(() => expect(hasEnded).toBe(true), { timeout: 5_000 });
      return received;
    },
  };
}

/** An instance that is there, and to which no connection can be made: as many wait as may, and it takes none. */
async function startBusy(): Promise<string> {
  const worker = new Worker(
    `const { parentPort } = require('node:worker_threads');
    const server = require('node:net').createServer().listen({ host: '127.0.0.1', port: 0, backlog: 1 }, () => {
      parentPort.postMessage(server.address().port);
      setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
    });`,
    { eval: true },
  );
  onTestFinished(() => void worker.terminate());
  const [port] = (await once(worker, 'message')) as [number];
  for (let waiting = 0; waiting < 2; waiting += 1) {
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    onTestFinished(() => void socket.destroy());
    await once(socket, 'connect');
  }
  return `127.0.0.1:${port}`;
}

const ways = {
  FIN: (socket: Socket) => void socket.end(),
  RST: (socket: Socket) => void socket.resetAndDestroy(),
};

/** A data plane in front of a held instance, with its metrics. */
async function startWithHeld(timeouts = {}, address?: string) {
  const instance = await startHeld();
  const source = testSource(service('go.micro.api.held', [address ?? instance.address]));
  const dataPlane = await startTestDataPlane(source, { timeouts: { halfClosedMs: 40, ...timeouts } });
  const { http, admin } = dataPlane;
  return {
    http,
    instance,
    /** Neither side has a connection any more. */
    nothingIsLeft: () =>
      vi.waitFor(
        async () => {
          const { body } = await sendHttp1(admin, '/metrics');
          expect(body).toMatch(/^micro_open_connections\{entrypoint="http"\} 0$/m);
          expect(body).not.toMatch(/^micro_upstream_connections\{.*\} [1-9]/m);
        },
        { timeout: 5_000 },
      ),
  };
}

const post = (header: string, body = 'half a') =>
  `POST /api/held/ HTTP/1.1\r\nHost: a\r\n${header}Content-Length: 12\r\n\r\n${body}`;

describe.each(lanes)('in the $lane lane', ({ header }) => {
  describe.each(Object.entries(ways))('a client that leaves by %s', (how, leave) => {
    test.each([
      ['at once', '', '', /^$/],
      ['with half a head', '', 'GET /api/held/ HTTP/1.1\r\nHo', /^HTTP\/1\.1 400 /],
      ['after an answer', get('/nothing', header), '', /^HTTP\/1\.1 404 /],
      ['after an answer with half a head', get('/nothing', header), 'GET /', /^HTTP\/1\.1 404 /],
    ])('%s', async (_, request, beginning, received) => {
      const { http, nothingIsLeft } = await startWithHeld();
      const client = clientOf(http);
      await once(client.socket, 'connect');
      client.socket.write(request + beginning);
      await vi.waitFor(() => expect(client.read()).toMatch(request === '' ? /^$/ : received));
      leave(client.socket);
      expect(await client.ends()).toMatch(how === 'FIN' ? received : /^/);
      await expect(nothingIsLeft()).resolves.toBeUndefined();
    });

    test('while an instance is connected to', async () => {
      const { http, nothingIsLeft } = await startWithHeld({ connectMs: 300 }, await startBusy());
      for (const request of [get('/api/held/', header), post(header)]) {
        const client = clientOf(http);
        client.socket.write(request);
        await once(client.socket, 'connect');
        leave(client.socket);
        expect(await client.ends()).toMatch(how === 'FIN' ? /^$|^HTTP\/1\.1 (400|502) / : /^$/);
      }
      await nothingIsLeft();
    });

    test('with half a body on the way to the instance', async () => {
      const { http, instance, nothingIsLeft } = await startWithHeld();
      const client = clientOf(http);
      client.socket.write(post(header));
      const upstream = await instance.next();
      await upstream.receives('half a');
      leave(client.socket);
      await upstream.isGone();
      expect(await client.ends()).toMatch(how === 'FIN' ? /^HTTP\/1\.1 400 / : /^$/);
      await nothingIsLeft();
    });

    test('with its whole request on the way', async () => {
      const { http, instance, nothingIsLeft } = await startWithHeld();
      for (const request of [get('/api/held/', header), post(header, 'half a and b')]) {
        const client = clientOf(http);
        client.socket.write(request);
        const upstream = await instance.next();
        await upstream.receives('\r\n\r\n');
        leave(client.socket);
        await upstream.isGone();
        expect(await client.ends()).toBe('');
      }
      await nothingIsLeft();
    });

    test.each(['Content-Length: 9', 'Transfer-Encoding: chunked', 'Connection: close'])(
      'in the middle of an answer with %s',
      async (framing) => {
        const { http, instance, nothingIsLeft } = await startWithHeld();
        const client = clientOf(http);
        client.socket.write(get('/api/held/', header));
        const upstream = await instance.next();
        await upstream.receives('\r\n\r\n');
        upstream.socket.write(`HTTP/1.1 200 OK\r\n${framing}\r\n\r\n4\r\nhalf`);
        await vi.waitFor(() => expect(client.read()).toContain('half'));
        leave(client.socket);
        await upstream.isGone();
        await client.ends();
        await nothingIsLeft();
      },
    );

    test('with half a body and half an answer', async () => {
      const { http, instance, nothingIsLeft } = await startWithHeld();
      const client = clientOf(http);
      client.socket.write(post(header));
      const upstream = await instance.next();
      await upstream.receives('half a');
      upstream.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf');
      await vi.waitFor(() => expect(client.read()).toContain('half'));
      leave(client.socket);
      await upstream.isGone();
      expect(await client.ends()).toMatch(/\r\n\r\nhalf$/);
      await nothingIsLeft();
    });
  });

  describe.each(Object.entries(ways))('an instance that leaves by %s', (how, leave) => {
    test.each([
      ['with half a body', post(header), 'half a'],
      ['with the whole request', post(header, 'half a and b'), 'half a and b'],
      ['with half a head of its answer', post(header, 'half a and b'), 'half a and b', 'HTTP/1.1 200 OK\r\nConte'],
    ])('%s is answered for with 502', async (_, request, received, answer = '') => {
      const { http, instance, nothingIsLeft } = await startWithHeld();
      const client = clientOf(http);
      client.socket.write(request);
      const upstream = await instance.next();
      await upstream.receives(received);
      upstream.socket.write(answer);
      leave(upstream.socket);
      expect(await client.ends()).toMatch(/^HTTP\/1\.1 502 [^]*\r\nConnection: close\r\n/i);
      client.socket.end();
      await nothingIsLeft();
    });

    test.each(['Content-Length: 9', 'Transfer-Encoding: chunked'])(
      'in the middle of an answer with %s breaks it off',
      async (framing) => {
        const { http, instance, nothingIsLeft } = await startWithHeld();
        const client = clientOf(http);
        client.socket.write(get('/api/held/', header));
        const upstream = await instance.next();
        await upstream.receives('\r\n\r\n');
        upstream.socket.write(`HTTP/1.1 200 OK\r\n${framing}\r\n\r\n4\r\nhalf`);
        await vi.waitFor(() => expect(client.read()).toContain('half'));
        leave(upstream.socket);
        expect(await client.ends()).toMatch(/half(\r\n)?$/);
        client.socket.end();
        await nothingIsLeft();
      },
    );

    test('ends an answer that goes up to the end of the connection, or breaks it off', async () => {
      const { http, instance, nothingIsLeft } = await startWithHeld();
      const client = clientOf(http);
      client.socket.write(get('/api/held/', header, 'Connection: close\r\n'));
      const upstream = await instance.next();
      await upstream.receives('\r\n\r\n');
      upstream.socket.write('HTTP/1.1 200 OK\r\n\r\nhalf');
      await vi.waitFor(() => expect(client.read()).toContain('half'));
      leave(upstream.socket);
      const received = await client.ends();
      expect(received.endsWith('\r\n0\r\n\r\n')).toBe(how === 'FIN');
      client.socket.end();
      await nothingIsLeft();
    });
  });

  test('an instance that cannot be connected to in time is answered for with 502', async () => {
    const { http } = await startWithHeld({ connectMs: 100 }, await startBusy());
    const { status } = await sendHttp1(
      http,
      '/api/held/',
      header === '' ? {} : { headers: { expect: '100-continue' } },
    );
    expect(status).toBe(502);
  });

  test('a client that ends its side after its request gets its answer, as long as it goes on', async () => {
    const { http, instance, nothingIsLeft } = await startWithHeld({ halfClosedMs: 2_000 });
    const client = clientOf(http);
    client.socket.end(get('/api/held/', header));
    const upstream = await instance.next();
    await upstream.receives('\r\n\r\n');
    upstream.socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
    await vi.waitFor(() => expect(client.read()).toContain('200'));
    for (const event of ['one', 'two', 'six']) {
      upstream.socket.write(`3\r\n${event}\r\n`);
      await vi.waitFor(() => expect(client.read()).toContain(event));
    }
    upstream.socket.write('0\r\n\r\n');
    const received = await client.ends();
    expect(received.endsWith('\r\n0\r\n\r\n')).toBe(true);
    expect(received).toMatch(/\r\nConnection: close\r\n/i);
    upstream.socket.end();
    await nothingIsLeft();
  });
});
