import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  request as httpRequest,
  type RequestListener,
  type ServerResponse,
} from 'node:http';
import { connect, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { TcpAddress } from '../../proto/channel/address.ts';
import { listenForTest, service, startTestDataPlane, testSource } from '../data-plane.fixture.ts';
import type { Timeouts } from '../limits.ts';
import { get, lanes } from './http.fixture.ts';

const megabyte = 1024 * 1024;

/** More than the kernel holds in the buffers of two connections. */
const largeBytes = 64 * megabyte;

/** What may be on the way between two that do not read: buffers of two connections in the kernel, and ours. */
const mostOnTheWay = 24 * megabyte;

const chunk = Buffer.alloc(256 * 1024, 'the quick brown fox jumps over the lazy dog');

function* large(bytes: number): Iterable<Buffer> {
  for (let sent = 0; sent < bytes; sent += chunk.length) yield chunk;
}

const digestOf = async (chunks: Iterable<Buffer> | AsyncIterable<Buffer>): Promise<string> => {
  const hash = createHash('sha1');
  for await (const each of chunks) hash.update(each);
  return hash.digest('hex');
};

type Asked = readonly [IncomingMessage, ServerResponse];

/** Starts an instance, and a data plane that routes to it. */
async function startBehind(listener: RequestListener, timeouts: Partial<Timeouts> = {}) {
  const address = await listenForTest(createServer({ highWaterMark: 64 * 1024 }, listener));
  const source = testSource(service('go.micro.api.large', [address]));
  return (await startTestDataPlane(source, { timeouts })).http;
}

function begin(http: TcpAddress, method: string, headers: Readonly<Record<string, string>>) {
  const outgoing = httpRequest({ ...http, path: '/api/large/', method, agent: false, headers }).on('error', () => {});
  onTestFinished(() => void outgoing.destroy());
  return outgoing;
}

/** Asks for what the instance has, and perhaps ends its side; nothing is read yet. */
function ask(http: TcpAddress, lane: string, header: string, ends: boolean): Socket {
  const socket = connect({ ...http, allowHalfOpen: true }).on('error', () => {});
  onTestFinished(() => void socket.destroy());
  const head = get('/api/large/', lane === 'full' ? 'Trailer: x\r\n' : '', header);
  if (ends) socket.end(head);
  else socket.write(head);
  return socket;
}

/** Waits until a number stays the same for as long as one would take to change it. */
async function settled(value: () => number): Promise<number> {
  let last = -1;
  let times = 0;
  await vi.waitFor(
    () => {
      times = value() === last ? times + 1 : 0;
      last = value();
      expect(times).toBeGreaterThan(10);
    },
    { timeout: 15_000, interval: 20 },
  );
  return last;
}

describe.each(lanes)('in the $lane lane', ({ lane }) => {
  const headers = lane === 'fast' ? {} : { expect: '100-continue' };

  test('an instance is not read from while its client does not read', async () => {
    let sent = 0;
    const http = await startBehind((_, response) => {
      const body = Readable.from(large(largeBytes)).on('data', (bytes: Buffer) => (sent += bytes.length));
      void pipeline(body, response).catch(() => {});
    });
    const outgoing = begin(http, 'GET', headers).end();
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
    answer.pause();
    expect(await settled(() => sent)).toBeLessThan(mostOnTheWay);
    expect(await digestOf(answer)).toBe(await digestOf(large(largeBytes)));
  });

  test('a client is not read from while its instance does not read', async () => {
    const asked: Asked[] = [];
    const http = await startBehind((incoming, response) => void asked.push([incoming, response]));
    const outgoing = begin(http, 'POST', headers);
    let sent = 0;
    const body = Readable.from(large(largeBytes)).on('data', (bytes: Buffer) => (sent += bytes.length));
    const sending = pipeline(body, outgoing);
    await vi.waitFor(() => expect(asked).toHaveLength(1));
    expect(await settled(() => sent)).toBeLessThan(mostOnTheWay);
    const [incoming, response] = asked[0] as Asked;
    expect(await digestOf(incoming)).toBe(await digestOf(large(largeBytes)));
    await sending;
    response.end();
    await once(outgoing, 'response');
  });

  test.each([
    ['whose connection ends with its answer', 'Connection: close\r\n', false],
    ['that has ended its side', '', true],
  ])('a slow client %s gets all of it', async (_, header, ends) => {
    const bytes = 32 * megabyte;
    let sent = 0;
    const http = await startBehind(
      (_incoming, response) => {
        response.writeHead(200, { 'content-length': bytes });
        const body = Readable.from(large(bytes)).on('data', (part: Buffer) => (sent += part.length));
        void pipeline(body, response).catch(() => {});
      },
      { halfClosedMs: 20, lingerMs: 20 },
    );
    const socket = ask(http, lane, header, ends);
    let received = 0;
    let hasPaused = false;
    for await (const part of socket) {
      received += (part as Buffer).length;
      if (hasPaused || received < megabyte) continue;
      hasPaused = true;
      // A client that is gone is not waited for as long as this.
      expect(await settled(() => sent)).toBeLessThan(bytes);
    }
    expect(received).toBeGreaterThan(bytes);
  });

  test.each([
    ['that is kept', '', false],
    ['that ends with it', 'Connection: close\r\n', false],
    ['that it has ended its side of', '', true],
  ])('a client that takes nothing of its answer, on a connection %s, is not waited for', async (_, header, ends) => {
    let closed = 0;
    const http = await startBehind(
      (_incoming, response) => {
        response.writeHead(200, { 'content-length': largeBytes });
        void pipeline(Readable.from(large(largeBytes)), response).catch(() => (closed += 1));
      },
      { idleMs: 200 },
    );
    ask(http, lane, header, ends).pause();
    await vi.waitFor(() => expect(closed).toBe(1), { timeout: 10_000 });
  });
});
