import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { Readable, Transform } from 'node:stream';
import { describe, expect, onTestFinished, test } from 'vitest';
import { rawConnection, service, startTestDataPlane, testSource } from '../data-plane.fixture.ts';
import { ways } from './http.fixture.ts';

const { start } = ways[0];
const greeter = (address: string) => testSource(service('go.micro.api.greeter', [address]));

describe.each([
  { lane: 'fast', headers: {} },
  { lane: 'full', headers: { trailer: 'x' } },
])('in the $lane lane', ({ lane, headers }) => {
  const sizes = 64 * 1024 * 1024;
  test.each(['length', 'chunked'].filter((framing) => lane === 'fast' || framing === 'chunked'))(
    '64 MiB go through whole in both directions at once, framed by %s',
    async (framing) => {
      const length = framing === 'length' ? { 'content-length': sizes } : { 'transfer-encoding': 'chunked' };
      const instance = await start((incoming, response) => {
        response.writeHead(200, length);
        incoming.pipe(response);
      });
      const { http } = await startTestDataPlane(greeter(instance));
      const outgoing = request({
        ...http,
        path: '/api/greeter/',
        method: 'POST',
        headers: { ...headers, ...length },
        agent: false,
      });
      const sent = createHash('sha256');
      const uploaded = pipeline(Readable.from(blocks(sizes)), hashing(sent), outgoing);
      const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
      const received = createHash('sha256');
      for await (const chunk of answer) received.update(chunk as Buffer);
      await uploaded;
      expect(received.digest('hex')).toBe(sent.digest('hex'));
    },
  );
});

test('20,000 requests over one connection take one connection to the instance', async () => {
  let connections = 0;
  const instance = await start(
    (_, response) => response.end('ok'),
    () => (connections += 1),
  );
  const { http } = await startTestDataPlane(greeter(instance));
  const client = rawConnection(http);
  onTestFinished(() => void client.destroy());
  const batch = 'GET /api/greeter/ HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(100);
  for (let sent = 0; sent < 20_000; sent += 100) {
    client.write(batch);
    for (let received = 0; received < 100; ) {
      const [bytes] = (await once(client, 'data')) as [Buffer];
      received += String(bytes).split('HTTP/1.1 200').length - 1;
    }
  }
  expect(connections).toBe(1);
});

/** Blocks that differ, so that none can be lost or come twice unseen. */
function* blocks(bytes: number): Iterable<Buffer> {
  const size = 64 * 1024;
  for (let index = 0; index < bytes / size; index += 1) {
    const block = Buffer.alloc(size, index % 251);
    block.writeUInt32BE(index);
    yield block;
  }
}

function hashing(hash: ReturnType<typeof createHash>): Transform {
  return new Transform({
    transform(chunk: Buffer, _, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
}
