import { maxHeadBytes } from '../../limits.ts';

/** Most heads are shorter: of a body that came with one nothing is looked at. */
const usualBytes = 1_024;

/** As much of some bytes, as latin1, as may be the head of a message. */
export function headText(bytes: Buffer, from: number, to: number): string {
  if (to - from > usualBytes) {
    const usual = latin1(bytes, from, from + usualBytes);
    if (usual.includes('\r\n\r\n')) return usual;
  }
  return latin1(bytes, from, Math.min(to, from + maxHeadBytes));
}

/** What `toString('latin1')` comes down to, without the way there. */
export function latin1(bytes: Buffer, from: number, to: number): string {
  return (bytes as Buffer & { latin1Slice(from: number, to: number): string }).latin1Slice(from, to);
}
