import { once } from 'node:events';
import * as http2 from 'node:http2';
import { duplexPair, type Readable } from 'node:stream';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { HpackDecoder } from './decoder.ts';
import { encodeFields, maxEncodedLength, tableSizeZero } from './encoder.ts';
import type { Field } from './field.types.ts';
import { flag, fragmentOf, frame, framesOf, frameType, preface, settings, settingsAck } from './wire.fixture.ts';

const seed = 7541;

const headerTableSize = 1;

const characters = (from: string, maxLength: number) =>
  fc.string({ unit: fc.nat(from.length - 1).map((index) => from.charAt(index)), maxLength, size: 'max' });

const everyVisible = String.fromCharCode(
  ...Array.from({ length: 256 }, (_, code) => code).filter((code) => code > 0x20 && code !== 0x7f),
);

/** Few of each, so that encoders find them again in their table, among ones that are always new. */
const fields = fc.uniqueArray(
  fc.record({
    name: fc.oneof(
      fc.constantFrom('accept', 'accept-encoding', 'cookie', 'user-agent', 'authorization', 'grpc-timeout'),
      characters("abcz019-_.!#$%&'*+^`|~", 12).map((rest) => `x${rest}`),
    ),
    value: fc.oneof(
      fc.constantFrom('', 'gzip, deflate', 'trailers', 'a b', 'q'.repeat(200)),
      characters(everyVisible, 60),
      characters('0123456789abcdef-', 300),
    ),
    isSecret: fc.boolean(),
  }),
  { maxLength: 12, selector: ({ name }) => name },
);

const requests = fc.array(
  fc.record({
    tableBytes: fc.option(fc.constantFrom(0, 1, 64, 100, 1_000, 4_096, 65_536), { nil: undefined }),
    path: fc.constantFrom<string[]>('/', '/index.html', '/helloworld.Greeter/SayHello', `/${'long'.repeat(30)}`),
    fields,
    cuts: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 4 }),
  }),
  { minLength: 1, maxLength: 8 },
);

/** In more than one frame. */
const longRequest = {
  tableBytes: undefined,
  path: '/',
  fields: [{ name: 'x-long', value: 'q'.repeat(40_000), isSecret: false }],
  cuts: [],
};

const pseudo = (path: string): Field[] => [
  [':method', 'POST'],
  [':scheme', 'http'],
  [':authority', 'localhost'],
  [':path', path],
];

test('what node:http2 encodes is decoded as it was meant, with its table as large as settings say', async () => {
  await fc.assert(
    fc.asyncProperty(requests, async (requests) => {
      const [nodeSide, ourSide] = duplexPair();
      const client = http2.connect('http://localhost', { createConnection: () => nodeSide });
      ourSide.write(settings());
      await once(client, 'connect');
      // What the decoder is told with each acknowledgement, the first of which is of the default.
      const announced = [4_096];
      for (const { tableBytes, path, fields } of requests) {
        if (tableBytes !== undefined) {
          announced.push(tableBytes);
          ourSide.write(settings([headerTableSize, tableBytes]));
        }
        // A request is encoded before or after the settings arrive, as it happens.
        if (path === '/' && tableBytes !== undefined) await once(client, 'remoteSettings');
        const secrets = fields.filter(({ isSecret }) => isSecret).map(({ name }) => name);
        const record = Object.fromEntries([...pseudo(path), ...fields.map(({ name, value }) => [name, value])]);
        client.request({ ...record, [http2.sensitiveHeaders]: secrets }, { endStream: true }).on('error', () => {});
      }

      const decoder = new HpackDecoder({ maxListBytes: 1e6 });
      const decoded: (Field[] | 'too-large')[] = [];
      let block = Buffer.alloc(0);
      for await (const each of framesOf(ourSide, preface.length)) {
        if (each.type === frameType.settings && each.flags & flag.ack) {
          decoder.setMaxTableBytes(announced.shift() as number);
        } else if (each.type === frameType.headers || each.type === frameType.continuation) {
          block = Buffer.concat([block, fragmentOf(each)]);
          if (!(each.flags & flag.endHeaders)) continue;
          decoded.push(decoder.decode(block, 0, block.length));
          block = Buffer.alloc(0);
          if (decoded.length === requests.length) break;
        }
      }
      client.destroy();
      for (const [index, { path, fields }] of requests.entries()) {
        const list = decoded[index] as Field[];
        expect(list.map(([name, value]) => [name, value])).toEqual([
          ...pseudo(path),
          ...fields.map(({ name, value }) => [name, value]),
        ]);
        const secrets = fields.filter(({ isSecret }) => isSecret).map(({ name }) => name);
        expect(list.flatMap(([name, , neverIndexed]) => (neverIndexed ? [name] : []))).toEqual(
          expect.arrayContaining(secrets),
        );
      }
    }),
    { seed, numRuns: 60, examples: [[[longRequest]]] },
  );
});

test('what is encoded here node:http2 decodes as it was meant, in any frames, whatever table it allows', async () => {
  await fc.assert(
    fc.asyncProperty(requests, fc.constantFrom(0, 100, 4_096), async (requests, tableBytes) => {
      const [nodeSide, ourSide] = duplexPair();
      const server = http2.createServer({ settings: { headerTableSize: tableBytes } });
      const seen: { raw: string[]; secrets: string[] }[] = [];
      const all = new Promise<void>((resolve) => {
        server.on('stream', (stream, head, _flags, raw: string[] = []) => {
          stream.on('error', () => {});
          const { [http2.sensitiveHeaders]: secrets = [] } = head as { [http2.sensitiveHeaders]?: string[] };
          seen.push({ raw, secrets });
          if (seen.length === requests.length) resolve();
        });
      });
      server.emit('connection', nodeSide);
      const refused = refusalOf(ourSide);
      ourSide.write(Buffer.concat([preface, settings(), settingsAck]));
      for (const [index, { path, fields, cuts }] of requests.entries()) {
        const list = [...pseudo(path), ...fields.map(({ name, value, isSecret }) => sent(name, value, isSecret))];
        const room = Buffer.alloc(1 + maxEncodedLength(list));
        room[0] = tableSizeZero;
        const block = room.subarray(index === 0 ? 0 : 1, encodeFields(list, room, 1));
        ourSide.write(inFrames(block, cuts, 2 * index + 1));
      }
      await Promise.race([all, refused]);
      for (const [index, { path, fields }] of requests.entries()) {
        expect(seen[index]?.raw).toEqual([
          ...pseudo(path).flat(),
          ...fields.flatMap(({ name, value }) => [name, value]),
        ]);
        const secrets = fields.filter(({ name, isSecret }) => isSecret || ['authorization', 'cookie'].includes(name));
        expect(seen[index]?.secrets).toEqual(secrets.map(({ name }) => name));
      }
      ourSide.destroy();
      nodeSide.destroy();
    }),
    { seed, numRuns: 60 },
  );
});

async function refusalOf(stream: Readable): Promise<never> {
  for await (const { type, payload } of framesOf(stream))
    if (type === frameType.goaway) throw new Error(`node:http2 refused it with code ${payload.readUInt32BE(4)}`);
  throw new Error('node:http2 closed the connection');
}

function sent(name: string, value: string, isSecret: boolean): Field {
  return isSecret ? [name, value, true] : [name, value];
}

/** A block in a HEADERS frame and as many CONTINUATION frames as there are cuts, each somewhere from 0 to 1. */
function inFrames(block: Buffer, cuts: readonly number[], stream: number): Buffer {
  const places = [0, ...cuts.map((cut) => Math.round(cut * block.length)).toSorted((a, b) => a - b), block.length];
  const pieces = places.slice(1).map((end, index) => block.subarray(places[index], end));
  return Buffer.concat(
    pieces.map((piece, index) =>
      frame(
        index === 0 ? frameType.headers : frameType.continuation,
        (index === 0 ? flag.endStream : 0) | (index === pieces.length - 1 ? flag.endHeaders : 0),
        stream,
        piece,
      ),
    ),
  );
}
