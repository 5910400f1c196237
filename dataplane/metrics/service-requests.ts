import type { CallCode } from '../call.types.ts';
import { Durations } from './durations.ts';
import { codeLabel } from './labels.ts';

/** Upper bounds of the buckets, in seconds; few, as there may be 10,000 services. */
export const serviceBounds = [0.005, 0.025, 0.1, 0.25, 1, 2.5, 10];

/** How long the numbers of a service that left the route table stay to be read, after its last call. */
const keepGoneMs = 10 * 60_000;

/** Services beyond which those that are gone are looked for when another comes. */
const manyServices = 1_000;

/** The requests to one service. */
export class ServiceSeries {
  readonly labels: { readonly service: string };
  readonly durations = new Durations(serviceBounds);
  readonly byCode = new Map<CallCode, { count: number }>();
  lastEndedAtMs = 0;

  constructor(service: string) {
    this.labels = { service };
  }

  add(code: CallCode, seconds: number, endedAtMs: number): void {
    (this.byCode.get(code) ?? this.#addCode(codeLabel(code))).count += 1;
    this.durations.add(seconds);
    this.lastEndedAtMs = endedAtMs;
  }

  #addCode(code: CallCode): { count: number } {
    const counter = this.byCode.get(code) ?? { count: 0 };
    this.byCode.set(code, counter);
    return counter;
  }
}

export interface ServiceRequestsOptions {
  /** Whether the present route table has the service. */
  readonly isRouted: (service: string) => boolean;
  /** By the clock of the calls, in milliseconds. */
  readonly now: () => number;
}

/**
 * What the calls to services add up to. A service has series from its first call on, until some time after it left the
 * route table: what is kept and told is bounded by the services there are.
 */
export class ServiceRequests {
  readonly #options: ServiceRequestsOptions;
  readonly #services = new Map<string, ServiceSeries>();
  #sweepAt = manyServices;

  constructor(options: ServiceRequestsOptions) {
    this.#options = options;
  }

  add(service: string, code: CallCode, seconds: number, endedAtMs: number): void {
    (this.#services.get(service) ?? this.#addService(service)).add(code, seconds, endedAtMs);
  }

  /** Services that have series, those gone included. */
  get size(): number {
    return this.#services.size;
  }

  /** Of the services that are not long gone. */
  series(): Iterable<ServiceSeries> {
    this.#forgetGone();
    return this.#services.values();
  }

  #addService(service: string): ServiceSeries {
    if (this.#services.size >= this.#sweepAt) {
      // Nobody reads the metrics, perhaps.
      this.#forgetGone();
      this.#sweepAt = Math.max(manyServices, 2 * this.#services.size);
    }
    const series = new ServiceSeries(service);
    this.#services.set(service, series);
    return series;
  }

  #forgetGone(): void {
    const { isRouted, now } = this.#options;
    const keptSinceMs = now() - keepGoneMs;
    for (const [service, { lastEndedAtMs }] of this.#services)
      if (lastEndedAtMs < keptSinceMs && !isRouted(service)) this.#services.delete(service);
  }
}
