import { randomFillSync } from 'node:crypto';

// https://www.w3.org/TR/trace-context/#traceparent-header
// Version 00 ends there; later ones may go on after another "-".
const traceparent = /^(?!ff|00.{54})[\da-f]{2}-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}(?:-.*)?$/;

export function isTraceparent(text: string | undefined): text is string {
  return text !== undefined && traceparent.test(text);
}

const traceDigits = 32;
const parentDigits = 16;

/** Random digits are made many at a time: to ask the system for those of one trace costs more than all else about it. */
const random = Buffer.alloc(((traceDigits + parentDigits) / 2) * 128);
let digits = '';
let used = 0;

/** The `traceparent` of a trace that begins here. */
export function newTraceparent(): string {
  if (used === digits.length) {
    digits = randomFillSync(random).toString('hex');
    used = 0;
  }
  const middle = used + traceDigits;
  const end = middle + parentDigits;
  // "Sampled", so that services which follow their parent decide as they would if they were called directly.
  const made = `00-${digits.slice(used, middle)}-${digits.slice(middle, end)}-01`;
  used = end;
  return made;
}
