import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { EntrypointName } from './errors.ts';
import type { UpstreamProtocol } from './upstream/connections.ts';

/** What the data plane counts. Every label has a bounded set of values, whatever clients send. */
export interface Metrics {
  readonly registry: Registry;
  readonly entrypointRequests: Counter<'entrypoint' | 'code' | 'method' | 'protocol'>;
  readonly entrypointDuration: Histogram<'entrypoint' | 'code' | 'method' | 'protocol'>;
  readonly serviceRequests: Counter<'service' | 'code'>;
  readonly retries: Counter<'entrypoint'>;
  readonly routesApplied: Counter<'result'>;
}

/** What the gauges read when they are asked. */
export interface Gauges {
  readonly openConnections: () => Readonly<Partial<Record<EntrypointName, number>>>;
  readonly upstreamConnections: () => Readonly<Record<UpstreamProtocol, number>>;
  readonly routesRevision: () => bigint;
  readonly instancesSetAside: () => number;
}

export function createMetrics({ openConnections, upstreamConnections, routesRevision, instancesSetAside }: Gauges): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const perRequest = ['entrypoint', 'code', 'method', 'protocol'] as const;
  const connections = new Gauge({
    name: 'micro_open_connections',
    help: 'Connections of clients that are open.',
    labelNames: ['entrypoint'],
    registers: [],
    collect() {
      for (const [entrypoint, count] of Object.entries(openConnections())) this.set({ entrypoint }, count);
    },
  });
  const upstream = new Gauge({
    name: 'micro_upstream_connections',
    help: 'Connections to instances that are open or being opened.',
    labelNames: ['protocol'],
    registers: [],
    collect() {
      for (const [protocol, count] of Object.entries(upstreamConnections())) this.set({ protocol }, count);
    },
  });
  const revision = new Gauge({
    name: 'micro_routes_revision',
    help: 'Store revision of the route table that is served.',
    registers: [],
    collect() {
      this.set(Number(routesRevision()));
    },
  });
  const setAside = new Gauge({
    name: 'micro_instances_set_aside',
    help: 'Instances of the route table that get no calls for now, as calls to them or their health checks failed.',
    registers: [],
    collect() {
      this.set(instancesSetAside());
    },
  });
  registry.registerMetric(connections);
  registry.registerMetric(upstream);
  registry.registerMetric(revision);
  registry.registerMetric(setAside);
  return {
    registry,
    entrypointRequests: new Counter({
      name: 'micro_entrypoint_requests_total',
      help: 'Requests that were answered or broken off; code is an HTTP status, or the name of a gRPC status.',
      labelNames: perRequest,
      registers,
    }),
    entrypointDuration: new Histogram({
      name: 'micro_entrypoint_request_duration_seconds',
      help: 'From the head of a request to the end of its answer.',
      labelNames: perRequest,
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
      registers,
    }),
    serviceRequests: new Counter({
      name: 'micro_service_requests_total',
      help: 'Requests to services of the route table.',
      labelNames: ['service', 'code'],
      registers,
    }),
    retries: new Counter({
      name: 'micro_retries_total',
      help: 'Tries after the first.',
      labelNames: ['entrypoint'],
      registers,
    }),
    routesApplied: new Counter({
      name: 'micro_routes_applied_total',
      help: 'Updates of the route table, by what became of them: applied or refused.',
      labelNames: ['result'],
      registers,
    }),
  };
}
