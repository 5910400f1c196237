import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { decodeRegistered, encodeRegistered } from './codec.ts';
import type { Registered } from './types.ts';

interface Golden {
  readonly what: string;
  /** What a go-micro service put into the store. */
  readonly stored: unknown;
  readonly read: readonly Registered[];
  /** What we put into the store for the first of `read`. */
  readonly written: unknown;
}

const folder = new URL('golden/', import.meta.url);
const goldens: readonly Golden[] = readdirSync(folder).map((file) =>
  JSON.parse(readFileSync(new URL(file, folder), 'utf8')),
);

const minimal: Registered = {
  name: 'greeter',
  version: '1',
  metadata: {},
  endpoints: [],
  instance: { id: 'greeter-1', address: '127.0.0.1:1', metadata: {} },
};

describe("go-micro's JSON", () => {
  test.each(goldens)('$what', ({ stored, read, written }) => {
    expect(decodeRegistered(Buffer.from(JSON.stringify(stored)))).toEqual(read);
    expect(read).not.toEqual([]);
    const [first] = read;
    const bytes = first === undefined ? '' : encodeRegistered(first).toString();
    // Text against text: the order of fields is part of it.
    expect(bytes).toBe(JSON.stringify(written));
    expect(decodeRegistered(Buffer.from(bytes))).toEqual([first]);
  });

  test.each([
    ['it is not JSON', 'not json'],
    ['the value is not an object', '[]'],
    ['the value is not an object', '"text"'],
    ['it has no nodes', '{}'],
    ['name is not text', '{"name":7,"nodes":[{}]}'],
    ['nodes is not a list', '{"nodes":{}}'],
    ['nodes[] is not an object', '{"nodes":[null]}'],
    ['nodes[].address is not text', '{"nodes":[{"address":[]}]}'],
    ['nodes[].metadata.weight is not text', '{"nodes":[{"metadata":{"weight":3}}]}'],
    ['endpoints[].request is not an object', '{"endpoints":[{"request":"x"}],"nodes":[{}]}'],
    ['it has 600021 bytes, at most 524288 are read', `{"nodes":[{"id":"${'x'.repeat(600_000)}"}]}`],
    [
      'endpoints[].request is nested deeper than 32 levels',
      `{"endpoints":[{"request":${'{"values":['.repeat(5_000)}{}${']}'.repeat(5_000)}}],"nodes":[{}]}`,
    ],
  ])('is refused with a reason: %s', (reason, text) => {
    expect(() => decodeRegistered(Buffer.from(text))).toThrow(new TypeError(reason));
  });

  test('is the same bytes for the same instance, in whatever order its metadata came', () => {
    const instance = { ...minimal.instance, metadata: { a: '1', b: '2' } };
    const reversed = { ...minimal.instance, metadata: { b: '2', a: '1' } };
    expect(encodeRegistered({ ...minimal, instance })).toEqual(encodeRegistered({ ...minimal, instance: reversed }));
  });

  test('keeps a metadata key that is special in JavaScript as any other', () => {
    const metadata: Record<string, string> = JSON.parse('{"__proto__":"x"}');
    const [read] = decodeRegistered(encodeRegistered({ ...minimal, metadata }));
    expect(Object.entries(read?.metadata ?? {})).toEqual([['__proto__', 'x']]);
  });

  test('refuses to write what nobody could read', () => {
    expect(() => encodeRegistered({ ...minimal, metadata: { note: 'x'.repeat(600_000) } })).toThrow(
      expect.objectContaining({ code: 'invalid', message: expect.stringContaining('at most 524288') }),
    );
  });
});
