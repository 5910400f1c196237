import { maxHeadBytes } from '../../limits.ts';

/** Most heads are shorter: of a body that came with one nothing is looked at. */
const usualBytes = 1_024;

/** As much of some bytes, as latin1, as may be the head of a message. */
export function headText(bytes: Buffer, from: number, to: number): string {
  if (to - from > usualBytes) {
    const usual = bytes.toString('latin1', from, from + usualBytes);
    if (usual.includes('\r\n\r\n')) return usual;
  }
  return bytes.toString('latin1', from, Math.min(to, from + maxHeadBytes));
}
