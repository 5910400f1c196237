import type { ClientConnection } from './client-connection.ts';
import type { InHand } from './in-hand.ts';
import type { Answering, Asking } from './state.ts';

/** Trailers of a request go no further: nobody is known to wait for them, and http-proxy loses them too. */
const lastChunk = '0\r\n\r\n';

/**
 * Sends an instance what came of a request's body; what came behind it is kept for later.
 *
 * @param before what goes out before it
 * @returns false for a body that is malformed: nothing was sent then
 */
export function sendBody(
  { request, upstream, requestBody }: Asking | Answering,
  before: string,
  { bytes, length, isShared }: InHand,
  client: ClientConnection,
): boolean {
  const wasWhole = requestBody.isWhole;
  if (!requestBody.read(bytes, 0, length)) return false;
  const { at, held, passedTo } = requestBody;
  const after = !wasWhole && requestBody.isWhole && request.head.framing.kind === 'chunked' ? lastChunk : '';
  const part = { buffer: bytes, from: 0, to: passedTo, isShared };
  if (!upstream.writer.around(before + held, part, after)) client.socket.pause();
  if (at < length) client.keepForLater(bytes.subarray(at, length));
  return true;
}
