import type { ClientConnection } from './client-connection.ts';
import type { Answering, Asking } from './state.ts';
import { writeAround } from './write.ts';

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
  bytes: Buffer,
  client: ClientConnection,
): boolean {
  const wasWhole = requestBody.isWhole;
  if (!requestBody.read(bytes, 0, bytes.length)) return false;
  const { at, held, passedTo } = requestBody;
  const after = !wasWhole && requestBody.isWhole && request.head.framing.kind === 'chunked' ? lastChunk : '';
  const part = { buffer: bytes, from: 0, to: passedTo, isShared: false };
  if (!writeAround(upstream.socket, before + held, part, after)) client.socket.pause();
  if (at < bytes.length) client.keepForLater(bytes.subarray(at));
  return true;
}
