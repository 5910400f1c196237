import {
  type CallOptions,
  type ClientDuplexStream,
  type ClientUnaryCall,
  type handleUnaryCall,
  Metadata,
  type ServerDuplexStream,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { Denied } from './access.ts';
import type { Endpoint, Upstream } from './upstream.ts';

type Method<Request, Response> = (
  endpoint: Endpoint,
  request: Request,
  metadata: Metadata,
  options: Partial<CallOptions>,
  callback: (error: ServiceError | null, response: Response) => void,
) => ClientUnaryCall;

/** Makes a handler that checks a request, passes it on, and passes the answer back, as `answer` makes it of it. */
export function forward<Request, Response>(
  upstream: Upstream,
  method: Method<Request, Response>,
  check: (request: NoInfer<Request>) => void | Promise<void>,
  answer: (response: Response) => Response = (response) => response,
): handleUnaryCall<Request, Response> {
  return (call, callback) => {
    const pass = (): void => {
      const { endpoint } = upstream;
      const options = { deadline: call.getDeadline() };
      const forwarded = method(endpoint, call.request, metadataOf(call.metadata), options, (error, response) => {
        if (error === null) return callback(null, answer(response));
        upstream.ended(endpoint, error.code);
        callback(toStatus(error));
      });
      call.on('cancelled', () => forwarded.cancel());
    };
    Promise.resolve(call.request)
      .then(check)
      .then(pass)
      .catch((error: unknown) => callback(toStatus(error)));
  };
}

/** Answers a call that the door has no use for. */
export function deny<Request, Response>(name: string): handleUnaryCall<Request, Response> {
  return (_call, callback) => callback(toStatus(new Denied(name)));
}

/** Of what clients send along, only this concerns etcd: that a stream ends when its member has no leader. */
export function metadataOf(received: Metadata): Metadata {
  const metadata = new Metadata();
  for (const value of received.get('hasleader')) metadata.set('hasleader', value);
  return metadata;
}

/** Passes on what etcd sends, as fast as the client takes it; the end of one stream is the end of the other. */
export function passBack<Request, Response>(
  from: ClientDuplexStream<Request, Response>,
  to: ServerDuplexStream<Request, Response>,
  on: { readonly response?: (response: Response) => void; readonly end: (code: status) => void },
): void {
  let isOver = false;
  from.on('data', (response: Response) => {
    if (!to.write(response)) from.pause();
    on.response?.(response);
  });
  to.on('drain', () => from.resume());
  from.on('status', ({ code, details }) => {
    on.end(code);
    if (isOver) return;
    if (code === status.OK) to.end();
    else to.emit('error', { code, details });
  });
  // 'status' says the same.
  from.on('error', () => undefined);
  const abandon = (): void => {
    isOver = true;
    from.cancel();
  };
  to.on('end', () => from.end());
  to.on('cancelled', abandon);
  to.on('error', abandon);
}

/** The gRPC status that a client gets for whatever went wrong on the way. */
export function toStatus(error: unknown): { code: status; details: string } {
  if (hasStatus(error)) return { code: error.code, details: error.details };
  return { code: status.INTERNAL, details: `micro's registry door: ${String(error)}` };
}

function hasStatus(error: unknown): error is Denied | ServiceError {
  return error instanceof Error && 'code' in error && 'details' in error;
}
