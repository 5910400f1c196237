import { Counter, Gauge, type Metric, type Registry } from 'prom-client';
import type { EntrypointName } from '../errors.ts';
import type { UpstreamProtocol } from '../upstream/connections.ts';
import { EntrypointRequests } from './entrypoint-requests.ts';
import { codeLabels } from './labels.ts';
import { SeriesMetric, SeriesRegistry } from './exposition.ts';
import { histogramSamples } from './histogram.ts';
import { processMetrics } from './process.ts';
import { ServiceRequests } from './service-requests.ts';

/** What the data plane counts. Every label has a bounded set of values, whatever clients send. */
export interface Metrics {
  readonly registry: Registry;
  readonly entrypointRequests: EntrypointRequests;
  readonly serviceRequests: ServiceRequests;
  readonly retries: Counter<'entrypoint'>;
  readonly routesApplied: Counter<'result'>;
}

/** What is read when the metrics are asked for. */
export interface Gauges {
  readonly openConnections: () => Readonly<Partial<Record<EntrypointName, number>>>;
  readonly upstreamConnections: () => Readonly<Record<UpstreamProtocol, number>>;
  readonly routesRevision: () => bigint;
  readonly instancesSetAside: () => number;
  /** Whether the present route table has the service. */
  readonly isRouted: (service: string) => boolean;
}

/** Prepares all metrics. What calls add to is plain numbers; prom-client, which tells them, sees these when it is asked. */
export function createMetrics(gauges: Gauges): Metrics {
  const registry = new SeriesRegistry();
  const entrypointRequests = new EntrypointRequests();
  const serviceRequests = new ServiceRequests({ isRouted: gauges.isRouted, now: () => performance.now() });
  for (const metric of [...entrypointMetrics(entrypointRequests), ...serviceMetrics(serviceRequests)])
    registry.registerSeries(metric);
  for (const metric of [...gaugeMetrics(gauges), ...processMetrics()]) registry.registerMetric(metric);

  const registers = [registry];
  const retries = new Counter({
    name: 'micro_retries_total',
    help: 'Tries after the first.',
    labelNames: ['entrypoint'],
    registers,
  });
  const routesApplied = new Counter({
    name: 'micro_routes_applied_total',
    help: 'Updates of the route table, by what became of them: applied or refused.',
    labelNames: ['result'],
    registers,
  });
  // A rate needs the zero before the first.
  for (const entrypoint of ['http', 'grpc']) retries.inc({ entrypoint }, 0);
  for (const result of ['applied', 'refused']) routesApplied.inc({ result }, 0);
  return { registry, entrypointRequests, serviceRequests, retries, routesApplied };
}

function entrypointMetrics({ series }: EntrypointRequests): readonly SeriesMetric[] {
  const durations = 'micro_entrypoint_request_duration_seconds';
  return [
    new SeriesMetric({
      name: 'micro_entrypoint_requests_total',
      help: 'Requests that were answered or broken off; code is an HTTP status, grpc_code the name of a gRPC status.',
      type: 'counter',
      samples: () => series.map(({ labels, durations: { count } }) => [{ labels, value: count }]),
    }),
    new SeriesMetric({
      name: durations,
      help: 'From the head of a request to the end of its answer.',
      type: 'histogram',
      samples: () => series.map((each) => histogramSamples(durations, each)),
    }),
    new SeriesMetric({
      name: 'micro_entrypoint_response_bytes_total',
      help: "Bytes of the answers' bodies.",
      type: 'counter',
      samples: () => series.map(({ labels, bytes }) => [{ labels, value: bytes }]),
    }),
  ];
}

function serviceMetrics(requests: ServiceRequests): readonly SeriesMetric[] {
  const durations = 'micro_service_request_duration_seconds';
  return [
    new SeriesMetric({
      name: 'micro_service_requests_total',
      help: 'Requests to services of the route table.',
      type: 'counter',
      *samples() {
        for (const { labels, byCode } of requests.series())
          yield Array.from(byCode, ([code, { count }]) => ({
            labels: { ...labels, ...codeLabels(code) },
            value: count,
          }));
      },
    }),
    new SeriesMetric({
      name: durations,
      help: 'From the head of a request to a service to the end of its answer.',
      type: 'histogram',
      *samples() {
        for (const series of requests.series()) yield histogramSamples(durations, series);
      },
    }),
  ];
}

function gaugeMetrics(gauges: Gauges): readonly Metric[] {
  const { openConnections, upstreamConnections, routesRevision, instancesSetAside } = gauges;
  return [
    new Gauge({
      name: 'micro_open_connections',
      help: 'Connections of clients that are open.',
      labelNames: ['entrypoint'],
      registers: [],
      collect() {
        for (const [entrypoint, count] of Object.entries(openConnections())) this.set({ entrypoint }, count);
      },
    }),
    new Gauge({
      name: 'micro_upstream_connections',
      help: 'Connections to instances that are open or being opened.',
      labelNames: ['protocol'],
      registers: [],
      collect() {
        for (const [protocol, count] of Object.entries(upstreamConnections())) this.set({ protocol }, count);
      },
    }),
    new Gauge({
      name: 'micro_routes_revision',
      help: 'Store revision of the route table that is served.',
      registers: [],
      aggregator: 'min',
      collect() {
        this.set(Number(routesRevision()));
      },
    }),
    new Gauge({
      name: 'micro_instances_set_aside',
      help: 'Instances of the route table that get no calls for now, as calls to them or their health checks failed.',
      registers: [],
      collect() {
        this.set(instancesSetAside());
      },
    }),
  ];
}
