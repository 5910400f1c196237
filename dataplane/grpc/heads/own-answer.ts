import { status } from '@grpc/grpc-js';
import { blockOf } from './fields.ts';

/** A status of the data plane's own as the whole answer: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#responses */
export function trailersOnly(code: status, message: string): Buffer {
  return blockOf([[':status', '200'], ['content-type', 'application/grpc'], ...statusFields(code, message)]);
}

/** A status of the data plane's own behind what was answered already. */
export function trailers(code: status, message: string): Buffer {
  return blockOf(statusFields(code, message));
}

/** What is not gRPC: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#requests */
export const unsupportedMediaType = blockOf([[':status', '415']]);

/** For what came beyond the limits (RFC 6585 section 5). */
export const headersTooLarge = blockOf([[':status', '431']]);

function statusFields(code: status, message: string): [string, string][] {
  return [
    ['grpc-status', String(code)],
    ['grpc-message', percentEncoded(message)],
  ];
}

/** A name of a gRPC status, bounded whatever an instance sends. */
export function statusName(code: string | number | undefined): string {
  return status[Number(code ?? status.UNKNOWN)] ?? 'UNKNOWN';
}

/** A grpc-message holds the visible characters of ASCII but "%"; all others are UTF-8, percent-encoded. */
function percentEncoded(message: string): string {
  return message.replaceAll(/[^\u0020-\u0024\u0026-\u007e]+/gu, encodeURIComponent);
}
