import { constants, type ServerHttp2Stream } from 'node:http2';

/**
 * Ends a stream whose answer was sent: the rest of its request is not wanted (RFC 9113 section 8.1). To be called a turn
 * of the event loop after that, as the reset would overtake the answer.
 */
export function leaveRest(stream: ServerHttp2Stream): void {
  stream.close(constants.NGHTTP2_NO_ERROR);
  // Else it would wait for somebody to read what of the request has come in.
  if (!stream.readableEnded) stream.destroy();
}
