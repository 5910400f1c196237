import { randomFillSync } from 'node:crypto';

// https://www.w3.org/TR/trace-context/#traceparent-header
// Version 00 ends there; later ones may go on after another "-".
const traceparent = /^(?!ff|00.{54})[\da-f]{2}-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}(?:-.*)?$/;

export function isTraceparent(text: string | undefined): text is string {
  return text !== undefined && traceparent.test(text);
}

/** Random bytes are asked for many at a time: each request of the system costs more than 24 bytes are worth. */
const pool = Buffer.alloc(24 * 256);
let used = pool.length;

/** The `traceparent` of a trace that begins here. */
export function newTraceparent(): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const traceId = pool.toString('hex', used, used + 16);
  const parentId = pool.toString('hex', used + 16, used + 24);
  used += 24;
  // "Sampled", so that services which follow their parent decide as they would if they were called directly.
  return `00-${traceId}-${parentId}-01`;
}
