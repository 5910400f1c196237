import { type Field, field } from '../headers/fields.ts';

/**
 * How the end of a body is told (RFC 9112 section 6.3):
 *
 * - `none`      there is no body
 * - `length`    by its length in bytes, which may be 0
 * - `chunked`   by its last chunk
 * - `close`     by the end of the connection; answers only
 */
export type Framing =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly length: number }
  | { readonly kind: 'chunked' }
  | { readonly kind: 'close' };

export const noBody: Framing = { kind: 'none' };
export const bodyUntilClose: Framing = { kind: 'close' };
export const chunkedBody: Framing = { kind: 'chunked' };

export const transferEncodingChunked = field('Transfer-Encoding', 'chunked');

export function contentLength(length: number): Field {
  return { name: 'Content-Length', key: 'content-length', value: String(length) };
}

// RFC 9110 section 8.6: servers may wait for a body of these, or refuse them with 411.
const expectBody: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH']);

/** The field that frames the body of a request to an instance over HTTP/1.1; undefined where none is needed. */
export function requestFramingField(method: string, framing: Framing): Field | undefined {
  switch (framing.kind) {
    case 'length':
      return contentLength(framing.length);
    case 'chunked':
      return transferEncodingChunked;
    default:
      return expectBody.has(method) ? contentLength(0) : undefined;
  }
}

export function hasBody(framing: Framing): boolean {
  return framing.kind === 'length' ? framing.length > 0 : framing.kind !== 'none';
}
