import { status } from '@grpc/grpc-js';

/** The command line or the configuration is wrong: exit 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** What was asked for did not work: exit 1. */
export class OperationError extends Error {
  override readonly name = 'OperationError';
}

/** A service that was called answered with an error, which is shown as it is: exit 1. */
export class AnsweredError extends Error {
  override readonly name = 'AnsweredError';
}

/** What a user sees of an error: one line that names the thing and the next step, or several problems, one a line. */
export function describeError(error: unknown): { readonly text: string; readonly exitCode: 1 | 2 } {
  if (error instanceof AnsweredError) return { text: error.message, exitCode: 1 };
  if (error instanceof UsageError) return { text: `micro: ${error.message}`, exitCode: 2 };
  return { text: `micro: ${error instanceof Error ? error.message : String(error)}`, exitCode: 1 };
}

/** Turns the status of a failed call to the server into what a user can do about it. */
export function callError(error: unknown, server: string): unknown {
  if (!isServiceError(error)) return error;
  return new OperationError(explain(error, server), { cause: error });
}

function explain({ code, details }: ServiceError, server: string): string {
  switch (code) {
    case status.UNAVAILABLE:
      // So grpc-js begins when nobody answered; a server that answers may tell of a store that it cannot reach.
      return /^(No connection established|Name resolution failed)/.test(details)
        ? `no micro server answers at ${server}: start one with 'micro server', or name another with --server`
        : `${server}: ${details}`;
    case status.UNAUTHENTICATED:
      return `${server} refused the token: give the content of <data-dir>/token of that server with --token or MICRO_TOKEN`;
    case status.DEADLINE_EXCEEDED:
      return `${server} did not answer in time: see 'micro health', or name another server with --server`;
    case status.UNIMPLEMENTED:
      // What answers is no gRPC server: grpc-js maps its 404 to this.
      return details.startsWith('Received HTTP status code')
        ? `${server} is not the grpc entrypoint of a micro server (:8081 by default): name that with --server`
        : details;
    default:
      return details;
  }
}

interface ServiceError {
  readonly code: status;
  readonly details: string;
}

export function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' && 'details' in error;
}
