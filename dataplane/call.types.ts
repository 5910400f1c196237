import type { EntrypointName } from './errors.ts';

/** What is known of a call when its head has been read. */
export interface CallHead {
  readonly entrypoint: Exclude<EntrypointName, 'admin'>;
  readonly protocol: 'HTTP/1.0' | 'HTTP/1.1' | 'HTTP/2' | 'WebSocket' | 'gRPC';
  /** Which of the entrypoint's lanes has it; `grpc` has one of its own. */
  readonly lane: 'fast' | 'full' | 'grpc';
  readonly requestId: string;
  readonly method: string;
  /** Without the query, which may hold secrets. */
  readonly path: string;
  /** Address of the client, as far as trusted proxies tell. */
  readonly client: string;
}

/** HTTP status, or name of a gRPC status. */
export type CallCode = number | string;

/** What is known of a call when it is over. */
export interface EndedCall {
  readonly head: CallHead;
  /** Full name of the service of the route table it went to. */
  readonly service: string | undefined;
  /** Address of the instance that was tried last. */
  readonly instance: string | undefined;
  readonly code: CallCode;
  /** Bytes of the answer's body. */
  readonly bytes: number;
}
