import { createHash, timingSafeEqual } from 'node:crypto';
import type { Metadata } from '@grpc/grpc-js';

const scheme = 'Bearer ';

/** Adds the control token to a call, as RFC 6750 section 2.1 writes it. */
export function setToken(metadata: Metadata, token: string): void {
  metadata.set('authorization', scheme + token);
}

/** Whether a call carries this token. Takes as long for a near miss as for anything else. */
export function hasToken(metadata: Metadata, token: string): boolean {
  const [header] = metadata.get('authorization');
  if (typeof header !== 'string' || !header.startsWith(scheme)) return false;
  return timingSafeEqual(digest(header.slice(scheme.length)), digest(token));
}

// Equal lengths are what timingSafeEqual asks for; digests have them whatever was sent.
const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
