/**
 * Strings that were made of octets lately. The same names and values come in nearly every block; to find such a string
 * costs half of making it, and its hash, which a look-up in a `Map` needs, is already known.
 */
const recent: string[] = Array.from({ length: 1_024 }, () => '');

/** Longer strings are seldom the same again. It bounds what `recent` holds, too: 64 KiB. */
const longest = 64;

/** The octets `from[start..end)` as a string, one character for each. */
export function latin1(from: Buffer, start: number, end: number): string {
  const length = end - start;
  if (length > longest) return from.toString('latin1', start, end);
  if (length === 0) return '';
  // A few octets are enough to tell most from each other.
  let hash = length;
  for (let at = start; at < end; at += 1 + (length >> 3)) hash = Math.imul(hash, 31) + (from[at] as number);
  hash = Math.imul(hash, 31) + (from[end - 1] as number);
  const slot = (hash ^ (hash >>> 10)) & 1_023;
  const found = recent[slot] as string;
  if (found.length === length && stands(found, from, start)) return found;
  return (recent[slot] = from.toString('latin1', start, end));
}

function stands(text: string, at: Buffer, start: number): boolean {
  for (let index = 0; index < text.length; index += 1) if (text.charCodeAt(index) !== at[start + index]) return false;
  return true;
}
