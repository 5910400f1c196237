import { type handleUnaryCall, type sendUnaryData, type ServerErrorResponse, status } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import { ControlPlaneError, type ControlPlaneErrorCode } from '../errors.ts';

const statusOf: Readonly<Record<ControlPlaneErrorCode, status>> = {
  invalid: status.INVALID_ARGUMENT,
  'not-found': status.NOT_FOUND,
  conflict: status.ALREADY_EXISTS,
  failed: status.FAILED_PRECONDITION,
  unavailable: status.UNAVAILABLE,
  unauthenticated: status.UNAUTHENTICATED,
  internal: status.INTERNAL,
};

/** Turns an error into what a gRPC caller is told. One that nobody foresaw is logged, and not shown. */
export function toServiceError(error: unknown, log: Logger): ServerErrorResponse {
  if (error instanceof ControlPlaneError) {
    return Object.assign(new Error(error.message, { cause: error }), {
      code: statusOf[error.code],
      details: error.message,
    });
  }
  log.error({ err: error }, 'a call to an internal system failed');
  const details = 'the control plane failed on this call; its log says why';
  return Object.assign(new Error(details, { cause: error }), { code: status.INTERNAL, details });
}

/** Answers a unary call with what `handle` resolves to, or with the status of what it throws. */
export function unaryHandler<Request, Response>(
  log: Logger,
  handle: (request: Request) => Promise<Response> | Response,
): handleUnaryCall<Request, Response> {
  const answer = async (request: Request, done: sendUnaryData<Response>): Promise<void> => {
    let response: Response;
    try {
      response = await handle(request);
    } catch (error) {
      done(toServiceError(error, log));
      return;
    }
    done(null, response);
  };
  return (call, done) => void answer(call.request, done);
}
