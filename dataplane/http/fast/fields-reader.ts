import type { Field } from '../../headers/fields.ts';
import { maxHeaderCount } from '../../limits.ts';

// RFC 9112 section 5: a token, a colon, and a value of visible characters with spaces and tabs inside. No white space
// before the colon, no folded line, no bare CR or LF and no other control character. Each part can be matched in one way
// only, so the time it takes grows with the length of the line and no faster.
const fieldLine = /([!#$%&'*+\-.^_`|~\dA-Za-z]+):[\t ]*([\t\u0020-\u007e\u0080-\u00ff]*)\r\n/y;

export type FieldsReading =
  | { readonly kind: 'fields'; readonly fields: Field[] }
  | { readonly kind: 'malformed' }
  | { readonly kind: 'too-many' };

const malformed: FieldsReading = { kind: 'malformed' };
const tooMany: FieldsReading = { kind: 'too-many' };

/**
 * Reads header or trailer lines, all that stands from `start` up to `end`, each with its line end.
 *
 * @param text bytes as latin1
 */
export function readFields(text: string, start: number, end: number): FieldsReading {
  const fields: Field[] = [];
  fieldLine.lastIndex = start;
  for (let at = start; at < end; at = fieldLine.lastIndex) {
    const line = fieldLine.exec(text);
    if (line === null || fieldLine.lastIndex > end) return malformed;
    if (fields.length === maxHeaderCount) return tooMany;
    const name = line[1] as string;
    fields.push({ name, key: name.toLowerCase(), value: withoutSpaceAtEnd(line[2] as string) });
  }
  return { kind: 'fields', fields };
}

function withoutSpaceAtEnd(value: string): string {
  let end = value.length;
  while (end > 0 && (value.charCodeAt(end - 1) === 0x20 || value.charCodeAt(end - 1) === 0x09)) end -= 1;
  return end === value.length ? value : value.slice(0, end);
}
