import { status } from '@grpc/grpc-js';
import type { CallCode } from '../call.types.ts';
import type { Labels } from './exposition.ts';

const grpcStatuses = new Set(Object.keys(status).filter((name) => Number.isNaN(Number(name))));

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT']);

const other = 'OTHER';

/** One of ten values, whatever clients send. */
export function methodLabel(method: string): string {
  return methods.has(method) ? method : other;
}

/** A status of HTTP, or the name of one of gRPC, whatever instances answer. */
export function codeLabel(code: CallCode): CallCode {
  if (typeof code === 'string') return grpcStatuses.has(code) ? code : 'UNKNOWN';
  return Number.isInteger(code) && code >= 100 && code <= 599 ? code : other;
}

/** How calls ended, by what `codeLabel` made of it: `code` is a status of HTTP, `grpc_code` the name of one of gRPC. */
export function codeLabels(code: CallCode): Labels {
  return typeof code === 'string' && code !== other ? { grpc_code: code } : { code };
}
