import { byFirstBytes } from './by-first-bytes.ts';
import type { Lane } from './lane.types.ts';

export interface ByPrefaceOptions {
  readonly http2: Lane;
  /** Gets what does not begin as HTTP/2. */
  readonly other: Lane;
  /** How long a connection may take to send its first bytes, in milliseconds. */
  readonly timeoutMs: number;
}

/** What an HTTP/2 client sends first (RFC 9113 section 3.4). No HTTP/1.1 request can begin with it: PRI is no method. */
const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/** Gives each connection to the lane that speaks its protocol, told by its first bytes. */
export function byPreface({ http2, other, timeoutMs }: ByPrefaceOptions): Lane {
  return byFirstBytes({
    lanes: [http2, other],
    laneFor(seen) {
      const length = Math.min(seen.length, preface.length);
      if (!preface.subarray(0, length).equals(seen.subarray(0, length))) return other;
      return length < preface.length ? undefined : http2;
    },
    timeoutMs,
  });
}
