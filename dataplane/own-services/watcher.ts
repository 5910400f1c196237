import type { ServerWritableStream, status } from '@grpc/grpc-js';
import type {
  HealthCheckRequest,
  HealthCheckResponse,
  HealthCheckResponse_ServingStatus as Serving,
} from '../../proto/gen/grpc/health/v1/health.ts';

/** One call of Health.Watch. A client that reads slowly is told the last status when it has caught up, and none between. */
export class Watcher {
  readonly #call: ServerWritableStream<HealthCheckRequest, HealthCheckResponse>;
  #told: Serving | undefined;
  #present: Serving | undefined;
  #isBehind = false;

  constructor(call: ServerWritableStream<HealthCheckRequest, HealthCheckResponse>) {
    this.#call = call;
    call.on('drain', () => {
      this.#isBehind = false;
      this.#catchUp();
    });
  }

  /** As the client names it. */
  get service(): string {
    return this.#call.request.service;
  }

  /** Sends a status, unless it is what the client was told last. */
  tell(present: Serving): void {
    this.#present = present;
    if (!this.#isBehind) this.#catchUp();
  }

  end(code: status, details: string): void {
    this.#call.emit('error', { code, details });
  }

  #catchUp(): void {
    if (this.#present === undefined || this.#present === this.#told) return;
    this.#told = this.#present;
    this.#isBehind = !this.#call.write({ status: this.#present });
  }
}
