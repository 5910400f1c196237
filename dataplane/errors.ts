/**
 * What a caller can do about a failure:
 *
 * - `address-in-use`  an entrypoint's address is taken; choose another (`entrypoint` says which)
 * - `cannot-listen`   an entrypoint's address is not one of this machine, or not allowed (`entrypoint` says which)
 * - `worker-failed`   a worker could not be started; its message says why
 * - `certificate-unusable`  a certificate or its key cannot be read or used; give another pair
 * - `update-refused`  an update of the route table is wrong; the present table stays
 */
export type DataPlaneErrorCode =
  | 'address-in-use'
  | 'cannot-listen'
  | 'worker-failed'
  | 'certificate-unusable'
  | 'update-refused';

export type EntrypointName = 'http' | 'grpc' | 'admin';

interface DataPlaneErrorOptions extends ErrorOptions {
  readonly entrypoint?: EntrypointName;
}

/** The one error class of the data plane. The message names the thing and the next step, and is shown to users. */
export class DataPlaneError extends Error {
  override readonly name = 'DataPlaneError';
  readonly code: DataPlaneErrorCode;
  readonly entrypoint: EntrypointName | undefined;

  constructor(code: DataPlaneErrorCode, message: string, { entrypoint, ...options }: DataPlaneErrorOptions = {}) {
    super(message, options);
    this.code = code;
    this.entrypoint = entrypoint;
  }
}
