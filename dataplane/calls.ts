import { AccessLog, type AccessLogDestination } from './access-log.ts';
import type { CallCode, CallHead, EndedCall } from './call.types.ts';
import type { Metrics } from './metrics.ts';

const knownMethods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT']);

/** One call from its head to its end: what is counted and logged of it. */
export class Call implements EndedCall {
  readonly head: CallHead;
  service: string | undefined;
  instance: string | undefined;
  code: CallCode;
  bytes = 0;
  readonly #recorder: CallRecorder;
  readonly #startedAt = performance.now();

  constructor(head: CallHead, codeIfClientLeaves: CallCode, recorder: CallRecorder) {
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
  readonly accessLog: AccessLogDestination | undefined;
}

/** Counts every call and writes the access log. */
export class CallRecorder {
  readonly metrics: Metrics;
  readonly #log: AccessLog | undefined;

  constructor({ metrics, accessLog }: CallRecorderOptions) {
    this.metrics = metrics;
    this.#log = accessLog && new AccessLog(accessLog);
  }

  begin(head: CallHead, codeIfClientLeaves: CallCode): Call {
    return new Call(head, codeIfClientLeaves, this);
  }

  record(call: EndedCall, durationMs: number): void {
    const { head, service, code } = call;
    const { entrypoint, protocol, method } = head;
    const labels = { entrypoint, code, protocol, method: knownMethods.has(method) ? method : 'OTHER' };
    this.metrics.entrypointRequests.inc(labels);
    this.metrics.entrypointDuration.observe(labels, durationMs / 1_000);
    if (service !== undefined) this.metrics.serviceRequests.inc({ service, code });
    this.#log?.write(call, durationMs);
  }
}
