import { type handleUnaryCall, type sendUnaryData, status } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import type { ResponseHeader } from '../gen/rpc.ts';
import { EtcdError, refusal } from './errors.ts';
import type { Store } from './store/store.ts';

/** What the services of the server share. */
export interface ServiceOptions {
  readonly store: Store;
  readonly log: Logger;
}

/** Makes a gRPC handler of a function that answers, or throws EtcdError. */
export function unary<Request, Response>(
  log: Logger,
  answer: (request: Request) => Response | Promise<Response>,
): handleUnaryCall<Request, Response> {
  return (call, callback: sendUnaryData<Response>) => {
    void Promise.resolve(call.request)
      .then(answer)
      .then(
        (response) => callback(null, response),
        (error: unknown) => callback(toStatus(log, call.getPath(), error)),
      );
  };
}

/** What is no refusal is a defect or a failing disk: the client gets its text, the log the whole of it. */
export function toStatus(log: Logger, path: string, error: unknown): { code: status; details: string } {
  if (error instanceof EtcdError) {
    if (error.cause) log.error({ err: error.cause, path }, error.message);
    return { code: error.code, details: error.message };
  }
  log.error({ err: error, path }, 'the embedded etcd could not answer a request');
  return { code: status.INTERNAL, details: `etcdserver: ${error instanceof Error ? error.message : String(error)}` };
}

/** Answers a call that this server leaves to a real etcd. */
export function unimplemented<Request, Response>(name: string): handleUnaryCall<Request, Response> {
  return (_call, callback) =>
    callback({ code: status.UNIMPLEMENTED, details: `etcdserver: the embedded etcd does not serve ${name}` });
}

/** The header of a response, by default with the newest revision. */
export function headerOf({ identity, revision: newest }: Store, revision = newest): ResponseHeader {
  return { ...identity, revision };
}

/** etcd's `--max-request-bytes`. */
const maxRequestBytes = 1.5 * 1024 * 1024;

/** gRPC refuses a message larger than this before it is read, as in etcd. */
export const maxMessageBytes = maxRequestBytes + 512 * 1024;

/** @throws EtcdError `requestTooLarge` */
export function checkSize(encoded: Uint8Array): void {
  if (encoded.length > maxRequestBytes) throw refusal('requestTooLarge');
}
