import type { EndedCall } from './call.types.ts';

/** Takes the lines of the access log. It must not throw or wait: what cannot be written is its own to leave out. */
export interface AccessLogDestination {
  /** @param line with its line feed */
  write(line: string): void;
}

/**
 * Writes a line of JSON for each call. The lines are put together by hand: a logging library takes ten times as long, which
 * would be a quarter of what a call costs.
 */
export class AccessLog {
  readonly #destination: AccessLogDestination;
  #timeMs = Number.NaN;
  #time = '';

  constructor(destination: AccessLogDestination) {
    this.#destination = destination;
  }

  write({ head, service, instance, code, bytes }: EndedCall, durationMs: number): void {
    const routed =
      (service === undefined ? '' : `,"service":${quoted(service)}`) +
      (instance === undefined ? '' : `,"instance":${quoted(instance)}`);
    this.#destination.write(
      `{"type":"access","time":"${this.#now()}","entrypoint":"${head.entrypoint}","protocol":"${head.protocol}"` +
        `,"requestId":${quoted(head.requestId)},"method":${quoted(head.method)},"path":${quoted(head.path)}` +
        `,"client":${quoted(head.client)}${routed},"status":${typeof code === 'number' ? code : quoted(code)}` +
        `,"bytes":${bytes},"durationMs":${Math.round(durationMs * 1_000) / 1_000}}\n`,
    );
  }

  /** The time as ISO 8601, made anew only when the clock has moved on by a millisecond. */
  #now(): string {
    const now = Date.now();
    if (now !== this.#timeMs) {
      this.#timeMs = now;
      this.#time = new Date(now).toISOString();
    }
    return this.#time;
  }
}

// RFC 8259 section 7, and lone surrogates, which have no UTF-8.
const needsEscape = /["\\\p{Cc}\ud800-\udfff]/u;

function quoted(text: string): string {
  return needsEscape.test(text) ? JSON.stringify(text) : `"${text}"`;
}
