import { STATUS_CODES } from 'node:http';
import { type ServiceError, status } from '@grpc/grpc-js';

/** As go-micro writes errors: the message of a gRPC status, and what its `micro call` prints. */
interface GoMicroError {
  /** Where it happened. */
  readonly id: string;
  /** As in HTTP: 404. */
  readonly code: number;
  readonly detail: string;
  /** The name of the code: "Not Found". */
  readonly status: string;
}

/** What a service answered instead of a message: as it is where it is go-micro's, else in that form. One line of JSON. */
export function serviceErrorJson({ code, details }: Pick<ServiceError, 'code' | 'details'>, service: string): string {
  const httpCode = httpCodes[code] ?? 500;
  const detail = code === status.DEADLINE_EXCEEDED ? `${details}: --timeout gives it longer` : details;
  const translated = { id: service, code: httpCode, detail, status: STATUS_CODES[httpCode] ?? '' };
  return JSON.stringify(goMicroError(details) ?? (translated satisfies GoMicroError));
}

/** The error that a status message of go-micro is; undefined for any other message. */
export function goMicroError(details: string): object | undefined {
  try {
    const error: unknown = JSON.parse(details);
    return typeof error === 'object' && error !== null && 'detail' in error && 'code' in error ? error : undefined;
  } catch {
    return undefined;
  }
}

/** Those of go-micro; others as https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto has them. */
const httpCodes: Readonly<Partial<Record<status, number>>> = {
  [status.CANCELLED]: 499,
  [status.INVALID_ARGUMENT]: 400,
  [status.DEADLINE_EXCEEDED]: 408,
  [status.NOT_FOUND]: 404,
  [status.ALREADY_EXISTS]: 409,
  [status.PERMISSION_DENIED]: 403,
  [status.RESOURCE_EXHAUSTED]: 429,
  [status.FAILED_PRECONDITION]: 412,
  [status.ABORTED]: 409,
  [status.OUT_OF_RANGE]: 400,
  [status.UNIMPLEMENTED]: 501,
  [status.UNAVAILABLE]: 503,
  [status.UNAUTHENTICATED]: 401,
};
