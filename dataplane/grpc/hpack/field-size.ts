import type { Field } from './field.types.ts';

/** What a field counts in a table or a list, in octets: RFC 7541 section 4.1, RFC 9113 section 6.5.2. */
export function fieldSize([name, value]: Field): number {
  return name.length + value.length + 32;
}
