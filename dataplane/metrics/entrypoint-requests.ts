import type { CallCode, CallHead } from '../call.types.ts';
import { Durations } from './durations.ts';
import type { Labels } from './exposition.ts';
import { codeLabel, codeLabels, methodLabel } from './labels.ts';

/** Upper bounds of the buckets, in seconds. */
export const entrypointBounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

type RequestKind = Pick<CallHead, 'entrypoint' | 'protocol' | 'lane' | 'method'>;

/** The requests that have the same labels. */
export class EntrypointSeries {
  readonly labels: Labels;
  readonly durations = new Durations(entrypointBounds);
  /** Bytes of the answers' bodies. */
  bytes = 0;

  constructor({ entrypoint, protocol, lane, method }: RequestKind, code: CallCode) {
    this.labels = { entrypoint, ...codeLabels(code), protocol, method, lane };
  }

  add(seconds: number, bytes: number): void {
    this.durations.add(seconds);
    this.bytes += bytes;
  }
}

/** What the entrypoints' calls add up to. Finding the series of a call is five `Map` reads and allocates nothing. */
export class EntrypointRequests {
  readonly #series: EntrypointSeries[] = [];
  /** By entrypoint, protocol, lane, method and code. */
  readonly #byLabels = new Map<string, Map<string, Map<string, Map<string, Map<CallCode, EntrypointSeries>>>>>();

  get series(): readonly EntrypointSeries[] {
    return this.#series;
  }

  at(kind: RequestKind, code: CallCode): EntrypointSeries {
    return this.#find(kind, code) ?? this.#findOrAdd({ ...kind, method: methodLabel(kind.method) }, codeLabel(code));
  }

  #find({ entrypoint, protocol, lane, method }: RequestKind, code: CallCode): EntrypointSeries | undefined {
    return this.#byLabels.get(entrypoint)?.get(protocol)?.get(lane)?.get(method)?.get(code);
  }

  #findOrAdd(kind: RequestKind, code: CallCode): EntrypointSeries {
    const known = this.#find(kind, code);
    if (known) return known;
    const series = new EntrypointSeries(kind, code);
    this.#series.push(series);
    const byProtocol = mapAt(this.#byLabels, kind.entrypoint);
    mapAt(mapAt(mapAt(byProtocol, kind.protocol), kind.lane), kind.method).set(code, series);
    return series;
  }
}

function mapAt<Key, Value>(maps: Map<string, Map<Key, Value>>, key: string): Map<Key, Value> {
  const known = maps.get(key);
  if (known) return known;
  const added = new Map<Key, Value>();
  maps.set(key, added);
  return added;
}
