/**
 * What a caller can do about a failure, and so which gRPC status it becomes (see `api/status.ts`):
 *
 * - `invalid`       the request is wrong; change it
 * - `not-found`     the thing named does not exist
 * - `conflict`      something else holds the name, the key or the folder
 * - `failed`        the request is right, but the world is not: a build broke, a service never became ready
 * - `unavailable`   a part is away for now; the same request may work later
 * - `unauthenticated` the token is missing or wrong
 * - `internal`      a defect of ours
 */
export type ControlPlaneErrorCode =
  | 'invalid'
  | 'not-found'
  | 'conflict'
  | 'failed'
  | 'unavailable'
  | 'unauthenticated'
  | 'internal';

/** The one error class of the control plane. The message names the thing and the next step, and is shown to users. */
export class ControlPlaneError extends Error {
  override readonly name = 'ControlPlaneError';
  readonly code: ControlPlaneErrorCode;

  constructor(code: ControlPlaneErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
