import { AccessLog, type AccessLogDestination } from './access-log.ts';
import type { CallCode, CallHead, EndedCall } from './call.types.ts';
import type { Metrics } from './metrics/metrics.ts';

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
    this.#recorder.record(this, this.#startedAt);
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

  /** @param startedAtMs by `performance.now()` */
  record(call: EndedCall, startedAtMs: number): void {
    const endedAtMs = performance.now();
    const durationMs = endedAtMs - startedAtMs;
    const { entrypointRequests, serviceRequests } = this.metrics;
    entrypointRequests.at(call.head, call.code).add(durationMs / 1_000, call.bytes);
    if (call.service !== undefined) serviceRequests.add(call.service, call.code, durationMs / 1_000, endedAtMs);
    this.#log?.write(call, durationMs);
  }
}
