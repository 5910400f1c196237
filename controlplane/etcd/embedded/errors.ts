import { status } from '@grpc/grpc-js';

/**
 * etcd's own answers to requests that it refuses.
 * https://github.com/etcd-io/etcd/blob/main/api/v3rpc/rpctypes/error.go
 */
const refusals = {
  emptyKey: [status.INVALID_ARGUMENT, 'etcdserver: key is not provided'],
  keyNotFound: [status.INVALID_ARGUMENT, 'etcdserver: key not found'],
  valueProvided: [status.INVALID_ARGUMENT, 'etcdserver: value is provided'],
  leaseProvided: [status.INVALID_ARGUMENT, 'etcdserver: lease is provided'],
  tooManyOps: [status.INVALID_ARGUMENT, 'etcdserver: too many operations in txn request'],
  duplicateKey: [status.INVALID_ARGUMENT, 'etcdserver: duplicate key given in txn request'],
  compacted: [status.OUT_OF_RANGE, 'etcdserver: mvcc: required revision has been compacted'],
  futureRevision: [status.OUT_OF_RANGE, 'etcdserver: mvcc: required revision is a future revision'],
  noSpace: [status.RESOURCE_EXHAUSTED, 'etcdserver: mvcc: database space exceeded'],
  leaseNotFound: [status.NOT_FOUND, 'etcdserver: requested lease not found'],
  leaseExists: [status.FAILED_PRECONDITION, 'etcdserver: lease already exists'],
  leaseTtlTooLarge: [status.OUT_OF_RANGE, 'etcdserver: too large lease TTL'],
  requestTooLarge: [status.INVALID_ARGUMENT, 'etcdserver: request is too large'],
  tooManyRequests: [status.RESOURCE_EXHAUSTED, 'etcdserver: too many requests'],
  /** Not etcd's: it takes keys as long as a request. */
  keyTooLong: [status.INVALID_ARGUMENT, 'etcdserver: key is too long: the embedded etcd takes up to 1024 bytes'],
  noAlarms: [status.UNIMPLEMENTED, 'etcdserver: the embedded etcd has no alarms to raise or disarm'],
  stopped: [status.UNAVAILABLE, 'etcdserver: server stopped'],
} as const;

/** A request that is refused, with the gRPC status and text that the client gets. */
export class EtcdError extends Error {
  override readonly name = 'EtcdError';
  readonly code: status;

  constructor(code: status, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Makes the error by which etcd refuses a request for this reason. */
export function refusal(reason: keyof typeof refusals, options?: ErrorOptions): EtcdError {
  const [code, message] = refusals[reason];
  return new EtcdError(code, message, options);
}
