import { randomDigits } from './random-digits.ts';

// https://www.w3.org/TR/trace-context/#traceparent-header
// Version 00 ends there; later ones may go on after another "-".
const traceparent = /^(?!ff|00.{54})[\da-f]{2}-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}(?:-.*)?$/;

export function isTraceparent(text: string | undefined): text is string {
  return text !== undefined && traceparent.test(text);
}

/** The `traceparent` of a trace that begins here. */
export function newTraceparent(): string {
  // "Sampled", so that services which follow their parent decide as they would if they were called directly.
  return `00-${randomDigits(32)}-${randomDigits(16)}-01`;
}
