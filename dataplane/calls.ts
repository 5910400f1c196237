import type { DestinationStream, Logger } from 'pino';
import { pino, stdTimeFunctions } from 'pino';
import type { Metrics } from './metrics.ts';

const knownMethods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT']);

/** What is known of a call when its head has been read. */
export interface CallHead {
  readonly entrypoint: 'http' | 'grpc';
  readonly protocol: 'HTTP/1.0' | 'HTTP/1.1' | 'HTTP/2' | 'WebSocket' | 'gRPC';
  readonly requestId: string;
  readonly method: string;
  /** Without the query, which may hold secrets. */
  readonly path: string;
  /** Address of the client, as far as trusted proxies tell. */
  readonly client: string;
}

/** One call from its head to its end: what is counted and logged of it. */
export class Call {
  readonly head: CallHead;
  /** Full name of the service of the route table it went to. */
  service: string | undefined;
  /** Address of the instance that was tried last. */
  instance: string | undefined;
  /** HTTP status, or name of a gRPC status, of the answer. */
  code: number | string;
  /** Bytes of the answer's body. */
  bytes = 0;
  readonly #recorder: CallRecorder;
  readonly #startedAt = performance.now();

  constructor(head: CallHead, codeIfClientLeaves: number | string, recorder: CallRecorder) {
    this.head = head;
    this.code = codeIfClientLeaves;
    this.#recorder = recorder;
  }

  retried(): void {
    this.#recorder.metrics.retries.inc({ entrypoint: this.head.entrypoint });
  }

  end(): void {
    this.#recorder.record(this, performance.now() - this.#startedAt);
  }
}

export interface CallRecorderOptions {
  readonly metrics: Metrics;
  /** Where the access log goes, one line of JSON a call; left out, none is written. */
  readonly accessLog: DestinationStream | undefined;
}

/** Counts every call and writes the access log. */
export class CallRecorder {
  readonly metrics: Metrics;
  readonly #log: Logger | undefined;

  constructor({ metrics, accessLog }: CallRecorderOptions) {
    this.metrics = metrics;
    this.#log =
      accessLog &&
      pino(
        { base: null, timestamp: stdTimeFunctions.isoTime, formatters: { level: () => ({ type: 'access' }) } },
        accessLog,
      );
  }

  begin(head: CallHead, codeIfClientLeaves: number | string): Call {
    return new Call(head, codeIfClientLeaves, this);
  }

  record(call: Call, durationMs: number): void {
    const { code } = call;
    const { entrypoint, protocol, method } = call.head;
    const labels = { entrypoint, code, protocol, method: knownMethods.has(method) ? method : 'OTHER' };
    this.metrics.entrypointRequests.inc(labels);
    this.metrics.entrypointDuration.observe(labels, durationMs / 1_000);
    if (call.service !== undefined) this.metrics.serviceRequests.inc({ service: call.service, code });
    this.#log?.info({
      ...call.head,
      service: call.service,
      instance: call.instance,
      status: code,
      bytes: call.bytes,
      durationMs: Math.round(durationMs * 1_000) / 1_000,
    });
  }
}
