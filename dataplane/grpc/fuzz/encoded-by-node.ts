import assert from 'node:assert/strict';
import { once } from 'node:events';
import * as http2 from 'node:http2';
import { duplexPair } from 'node:stream';
import * as fc from 'fast-check';
import type { Property } from '../../fuzz/property.ts';
import { HpackDecoder } from '../hpack/decoder.ts';
import type { Field } from '../hpack/field.types.ts';
import { flag, fragmentOf, framesOf, frameType, preface, settings } from '../hpack/wire.fixture.ts';
import { type Encoded, pseudo, requests } from './encoded.ts';

const headerTableSize = 1;

/** In more than one frame. */
const longRequest: Encoded = {
  tableBytes: null,
  path: '/',
  fields: [{ name: 'x-long', value: 'q'.repeat(40_000), isSecret: false }],
  cuts: [],
};

/** What `node:http2` encodes is decoded as it was meant, with its table as large as settings say. */
export const encodedByNode: Property<readonly Encoded[]> = {
  name: 'encoded-by-node',
  inputs: fc.oneof({ weight: 19, arbitrary: requests }, { weight: 1, arbitrary: fc.constant([longRequest]) }),
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

async function compare(requests: readonly Encoded[]): Promise<void> {
  const [nodeSide, ourSide] = duplexPair();
  const client = http2.connect('http://localhost', { createConnection: () => nodeSide });
  ourSide.write(settings());
  await once(client, 'connect');
  // What the decoder is told with each acknowledgement, the first of which is of the default.
  const announced = [4_096];
  for (const { tableBytes, path, fields } of requests) {
    if (tableBytes !== null) {
      announced.push(tableBytes);
      ourSide.write(settings([headerTableSize, tableBytes]));
    }
    // A request is encoded before or after the settings arrive, as it happens.
    if (path === '/' && tableBytes !== null) await once(client, 'remoteSettings');
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
    assert.deepEqual(
      list.map(([name, value]) => [name, value]),
      [...pseudo(path), ...fields.map(({ name, value }) => [name, value])],
    );
    const secrets = fields.filter(({ isSecret }) => isSecret).map(({ name }) => name);
    const kept = new Set(list.flatMap(([name, , neverIndexed]) => (neverIndexed ? [name] : [])));
    for (const name of secrets) assert(kept.has(name), `${name} may be indexed`);
  }
}
