/**
 * A header block that cannot be decoded. After it the dynamic tables of the two sides differ, so that the connection has
 * to end with this code (RFC 9113 section 4.3).
 */
export class HpackError extends Error {
  override readonly name = 'HpackError';
  readonly code = 'COMPRESSION_ERROR';
}
