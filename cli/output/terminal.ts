import type { Writable } from 'node:stream';
import type { WriteStream } from 'node:tty';

/** Colour and spinners are for terminals alone. */
export function isTerminal(stream: Writable): stream is WriteStream {
  return 'isTTY' in stream && stream.isTTY === true;
}
