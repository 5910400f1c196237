import type { Field } from './field.types.ts';
import { staticTable } from './static-table.ts';

/** For a name in the static table: the first index of it, and the indices of the values that stand there with it. */
interface StaticName {
  readonly index: number;
  readonly values: Map<string, number>;
}

const staticNames = new Map<string, StaticName>();
for (const [at, [name, value]] of staticTable.entries()) {
  const index = at + 1;
  const known = staticNames.get(name);
  if (known === undefined) staticNames.set(name, { index, values: new Map(value === '' ? [] : [[value, index]]) });
  else known.values.set(value, index);
}

/** Secrets that can be guessed piece by piece from how well they are compressed (RFC 7541 section 7.1.3). */
const secretNames: ReadonlySet<string> = new Set(['authorization', 'cookie', 'proxy-authorization', 'set-cookie']);

const withoutIndexing = 0x00;
const neverIndexing = 0x10;

/** The most octets of an integer: the first, and four of seven bits each. */
const maxIntegerBytes = 5;

/** Up to here a string is written sooner by a loop than by a call into the native code of Node. */
const longestByOctet = 48;

/** Room that is certainly enough for `encodeFields`, in octets. */
export function maxEncodedLength(fields: readonly Field[]): number {
  let length = 0;
  for (const [name, value] of fields) length += name.length + value.length + 3 * maxIntegerBytes;
  return length;
}

/**
 * The octet that the first block of a connection has to begin with: a table size update to 0. An encoder that uses less of
 * the table than the peer allows says so once (RFC 7541 section 4.2); a peer that allows less later, as `node:http2` can,
 * would wait for an update in vain, and end the connection.
 */
export const tableSizeZero = 0x20;

/**
 * Writes a header block that any decoder understands, whatever is in its dynamic table: indices of the static table, and
 * literals that no one adds to a table, without Huffman coding, which costs more time than it saves (RFC 7541 section 6).
 *
 * @param fields each character an octet (latin1)
 * @param into with room for `maxEncodedLength(fields)` octets at `at`
 * @returns where the block ends in `into`
 */
export function encodeFields(fields: readonly Field[], into: Buffer, at: number): number {
  let end = at;
  for (const field of fields) end = encodeField(field, into, end);
  return end;
}

function encodeField([name, value, neverIndexed]: Field, into: Buffer, at: number): number {
  const known = staticNames.get(name);
  const index = known?.values.get(value);
  if (index !== undefined && neverIndexed === undefined) return writeInteger(0x80, 0x7f, index, into, at);

  const kind = neverIndexed === true || secretNames.has(name) ? neverIndexing : withoutIndexing;
  let end = writeInteger(kind, 0x0f, known?.index ?? 0, into, at);
  if (known === undefined) end = writeString(name, into, end);
  return writeString(value, into, end);
}

/** RFC 7541 section 5.2. */
function writeString(text: string, into: Buffer, at: number): number {
  const start = writeInteger(0, 0x7f, text.length, into, at);
  if (text.length > longestByOctet) return start + into.write(text, start, 'latin1');
  for (let index = 0; index < text.length; index += 1) into[start + index] = text.charCodeAt(index);
  return start + text.length;
}

/** RFC 7541 section 5.1: `prefix` is the bits of the first octet that belong to the integer, `high` the others. */
function writeInteger(high: number, prefix: number, value: number, into: Buffer, at: number): number {
  if (value < prefix) {
    into[at] = high | value;
    return at + 1;
  }
  into[at] = high | prefix;
  let end = at + 1;
  let rest = value - prefix;
  for (; rest >= 0x80; rest >>>= 7) into[end++] = rest | 0x80;
  into[end++] = rest;
  return end;
}
