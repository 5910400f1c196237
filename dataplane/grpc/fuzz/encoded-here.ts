import assert from 'node:assert/strict';
import * as http2 from 'node:http2';
import { duplexPair, type Readable } from 'node:stream';
import * as fc from 'fast-check';
import type { Property } from '../../fuzz/property.ts';
import { encodeFields, maxEncodedLength, tableSizeZero } from '../hpack/encoder.ts';
import type { Field } from '../hpack/field.types.ts';
import { flag, frame, framesOf, frameType, preface, settings, settingsAck } from '../hpack/wire.fixture.ts';
import { type Encoded, pseudo, requests } from './encoded.ts';

interface Allowed {
  readonly requests: readonly Encoded[];
  /** The table that the server allows. */
  readonly tableBytes: number;
}

/** What is encoded here `node:http2` decodes as it was meant, in any frames, whatever table it allows. */
export const encodedHere: Property<Allowed> = {
  name: 'encoded-here',
  inputs: fc.record({ requests, tableBytes: fc.constantFrom(0, 100, 4_096) }),
  async start() {
    return {
      async check(input) {
        await compare(input);
        return true;
      },
      async [Symbol.asyncDispose]() {},
    };
  },
};

async function compare({ requests, tableBytes }: Allowed): Promise<void> {
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
    assert.deepEqual(seen[index]?.raw, [...pseudo(path).flat(), ...fields.flatMap(({ name, value }) => [name, value])]);
    const secrets = fields.filter(({ name, isSecret }) => isSecret || ['authorization', 'cookie'].includes(name));
    assert.deepEqual(
      seen[index]?.secrets,
      secrets.map(({ name }) => name),
    );
  }
  ourSide.destroy();
  nodeSide.destroy();
}

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
