import assert from 'node:assert/strict';
import type { Property } from '../../fuzz/property.ts';
import { HpackDecoder } from '../hpack/decoder.ts';
import type { Field } from '../hpack/field.types.ts';
import { fieldSize } from '../hpack/field-size.ts';
import { requestProblem } from '../hpack/fields.ts';
import { HpackError } from '../hpack/hpack-error.ts';
import { code } from '../rfc9113/frames.fixture.ts';
import { type Step, steps } from './block-octets.ts';
import { NodeDecoder } from './node-decoder.ts';

/** What a list may come to in one of the two decoders here. */
const lowBound = 300;

/** `node:http2` takes no more fields, or octets, in one list. */
const mostOfNode = { fields: 120, bytes: 60_000 };

/**
 * Whatever header blocks come, whole or not: they are decoded as `node:http2` does, or refused where it refuses them, and only
 * by HpackError; a bound on lists changes what is kept of them and nothing else.
 */
export const blocks: Property<readonly Step[]> = {
  name: 'blocks',
  inputs: steps,
  async start() {
    return {
      async check(input) {
        const node = await NodeDecoder.start();
        try {
          return await compare(input, node);
        } finally {
          node.close();
        }
      },
      async [Symbol.asyncDispose]() {},
    };
  },
};

async function compare(input: readonly Step[], node: NodeDecoder): Promise<boolean> {
  const decoder = new HpackDecoder({ maxListBytes: 1e8 });
  const bounded = new HpackDecoder({ maxListBytes: lowBound });
  let isCompared = false;
  for (const { maxTableBytes, block } of input) {
    if (maxTableBytes !== null) {
      await node.setMaxTableBytes(maxTableBytes);
      decoder.setMaxTableBytes(maxTableBytes);
      bounded.setMaxTableBytes(maxTableBytes);
    }
    const octets = Buffer.from(block, 'latin1');
    const list = decoded(decoder, octets);
    const outcome = await node.decode(octets);
    if (list instanceof HpackError) {
      assert(decoded(bounded, octets) instanceof HpackError, 'what is malformed depends on the bound');
      if (outcome.kind === 'ended') assert.equal(outcome.code, code.compressionError);
      // We read no integers of more than 28 bits and no more zeros than that before them; it does.
      else assert.match(list.message, /an integer is too large/);
      return isCompared;
    }
    const bytes = list.reduce((sum, field) => sum + fieldSize(field), 0);
    assert.deepEqual(decoded(bounded, octets), bytes > lowBound ? 'too-large' : list);
    assert.equal(bounded.lastStoodAlone, decoder.lastStoodAlone);
    assert.notEqual(outcome.kind, 'ended', `node:http2 cannot decode it: ${JSON.stringify(outcome)}`);
    // The length of the body is looked at beside it.
    const isWellFormed = requestProblem(list) === undefined && !list.some(([name]) => name === 'content-length');
    // It leaves fields that are malformed out.
    if (!isWellFormed) continue;
    if (outcome.kind === 'request') {
      assert.deepEqual(
        list.flatMap(([name, value]) => [name, value]),
        outcome.fields,
      );
      const secrets = list.flatMap(([name, , neverIndexed]) => (neverIndexed ? [name] : []));
      assert.deepEqual(secrets, outcome.secrets);
      isCompared = true;
    } else assert(list.length > mostOfNode.fields || bytes > mostOfNode.bytes, 'node:http2 takes it for no request');
  }
  return isCompared;
}

function decoded(decoder: HpackDecoder, octets: Buffer): readonly Field[] | HpackError {
  try {
    return decoder.decode(octets, 0, octets.length) as Field[];
  } catch (error) {
    assert(error instanceof HpackError, `another error than HpackError: ${String(error)}`);
    return error;
  }
}
