import type { Field, Fields } from '../../headers/fields.ts';
import { encodeFields, maxEncodedLength } from '../hpack/encoder.ts';
import type { Field as HpackField } from '../hpack/field.types.ts';

/** The fields of a header list without its pseudo-headers, in the form that all lanes share. */
export function fieldsOf(list: readonly HpackField[]): Field[] {
  const fields: Field[] = [];
  for (const [name, value] of list) if (!name.startsWith(':')) fields.push({ name, key: name, value });
  return fields;
}

/** Fields as HTTP/2 has them, those in `secret` marked as such (RFC 7541 section 7.1.3). */
export function hpackFieldsOf(fields: Fields, secret: ReadonlySet<string> | undefined): HpackField[] {
  return fields.map(({ key, value }) => (secret?.has(key) === true ? [key, value, true] : [key, value]));
}

/** The names of fields that may be in no table. */
export function secretNames(list: readonly HpackField[]): ReadonlySet<string> | undefined {
  let names: Set<string> | undefined;
  for (const [name, , neverIndexed] of list) if (neverIndexed) (names ??= new Set()).add(name);
  return names;
}

/** The value of a field of a list; of several, the first. */
export function valueIn(list: readonly HpackField[], wanted: string): string | undefined {
  for (const [name, value] of list) if (name === wanted) return value;
  return undefined;
}

/** RFC 9110 section 8.6; undefined where it is not sent, NaN for what is none. */
export function contentLengthIn(list: readonly HpackField[]): number | undefined {
  const values = list.filter(([name]) => name === 'content-length').map(([, value]) => value);
  if (values.length === 0) return undefined;
  return values.length === 1 && /^\d{1,15}$/.test(values[0] as string) ? Number(values[0]) : Number.NaN;
}

/** A header block of its own. */
export function blockOf(fields: readonly HpackField[]): Buffer {
  const block = Buffer.allocUnsafe(maxEncodedLength(fields));
  return block.subarray(0, encodeFields(fields, block, 0));
}
