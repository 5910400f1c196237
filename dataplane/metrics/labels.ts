import { status } from '@grpc/grpc-js';
import type { CallCode } from '../call.types.ts';

const grpcStatuses = new Set(Object.keys(status).filter((name) => Number.isNaN(Number(name))));

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT']);

/** One of ten values, whatever clients send. */
export function methodLabel(method: string): string {
  return methods.has(method) ? method : 'OTHER';
}

/** A status of HTTP, or the name of one of gRPC, whatever instances answer. */
export function codeLabel(code: CallCode): CallCode {
  if (typeof code === 'string') return grpcStatuses.has(code) ? code : 'UNKNOWN';
  return Number.isInteger(code) && code >= 100 && code <= 599 ? code : 'OTHER';
}
