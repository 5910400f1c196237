/**
 * The same text, as V8 keeps one that was read: one that was put together stays a tree of its parts, which each write of a
 * longer text that holds it would walk again.
 */
export function flat(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}
