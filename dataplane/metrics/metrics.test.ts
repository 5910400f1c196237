import * as fc from 'fast-check';
import { AggregatorRegistry, Counter, Histogram, Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { entrypointBounds } from './entrypoint-requests.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { serviceBounds } from './service-requests.ts';

interface Observation {
  readonly entrypoint: 'http' | 'grpc';
  readonly protocol: 'HTTP/1.1' | 'HTTP/2' | 'gRPC';
  readonly lane: 'fast' | 'full' | 'grpc';
  readonly method: string;
  readonly code: number | string;
  readonly service: string;
  readonly seconds: number;
  readonly bytes: number;
}

const observation: fc.Arbitrary<Observation> = fc.record({
  entrypoint: fc.constantFrom('http', 'grpc'),
  protocol: fc.constantFrom('HTTP/1.1', 'HTTP/2', 'gRPC'),
  lane: fc.constantFrom('fast', 'full', 'grpc'),
  method: fc.constantFrom('GET', 'POST', 'DELETE'),
  code: fc.constantFrom(200, 404, 502, 'OK', 'UNAVAILABLE'),
  // Whatever the registry lets in as a name.
  service: fc.oneof(fc.constantFrom('go.micro.api.greeter', 'go.micro.api.clock'), fc.string({ unit: 'binary' })),
  seconds: fc.oneof(
    fc.constantFrom(...entrypointBounds, ...serviceBounds),
    fc.double({ min: 0, max: 100, noNaN: true }),
  ),
  bytes: fc.nat(),
});

const observations = fc.array(observation, { maxLength: 30 });

test('the text is what prom-client would write of the same observations', async () => {
  await fc.assert(
    fc.asyncProperty(observations, async (some) => {
      const [ours, reference] = [counted(some), countedByPromClient(some)];
      const text = await ours.registry.metrics();
      for (const { name } of reference.getMetricsAsArray())
        expect(sortedLines(section(text, name))).toEqual(sortedLines(await reference.getSingleMetricAsString(name)));
    }),
    { numRuns: 200 },
  );
});

test('prom-client adds several processes up to what it would add up of its own', async () => {
  await fc.assert(
    fc.asyncProperty(observations, observations, async (some, others) => {
      const [ours, reference] = await Promise.all(
        [counted, countedByPromClient].map(async (count) => {
          const registries = [count(some), count(others)].map((counting) =>
            counting instanceof Registry ? counting : counting.registry,
          );
          const parts = await Promise.all(registries.map((registry) => registry.getMetricsAsJSON()));
          return AggregatorRegistry.aggregate(parts);
        }),
      );
      for (const { name } of reference?.getMetricsAsArray() ?? [])
        expect(sortedLines((await ours?.getSingleMetricAsString(name)) ?? '')).toEqual(
          sortedLines((await reference?.getSingleMetricAsString(name)) ?? ''),
        );
    }),
    { numRuns: 100 },
  );
});

test('there are few values of each label, whatever clients send and instances answer', () => {
  const { entrypointRequests, serviceRequests } = emptyMetrics();
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.constantFrom('GET', 'get', 'constructor', '__proto__')),
      fc.oneof(fc.integer(), fc.double(), fc.string(), fc.constantFrom('OK', '14', 'toString')),
      (method, code) => {
        entrypointRequests.at({ entrypoint: 'http', protocol: 'HTTP/1.1', lane: 'fast', method }, code).add(0.001, 0);
        serviceRequests.add('go.micro.api.greeter', code, 0.001, 0);
      },
    ),
    { numRuns: 2_000 },
  );
  const isBoundedCode = (code: unknown): boolean =>
    typeof code === 'number' ? code >= 100 && code <= 599 : ['OK', 'UNKNOWN', 'OTHER'].includes(code as string);
  for (const { labels } of entrypointRequests.series) {
    expect(['GET', 'OTHER']).toContain(labels['method']);
    expect(labels['code'] ?? labels['grpc_code']).toSatisfy(isBoundedCode);
  }
  for (const { byCode } of serviceRequests.series())
    for (const code of byCode.keys()) expect(code).toSatisfy(isBoundedCode);
});

test('while a long text is written, other work has its turns', async () => {
  const { serviceRequests, registry } = emptyMetrics();
  for (let number = 0; number < 10_000; number += 1) serviceRequests.add(`go.micro.service.n${number}`, 200, 0.001, 0);
  let turns = 0;
  let isWritten = false;
  const count = (): void => {
    turns += 1;
    if (!isWritten) setImmediate(count);
  };
  setImmediate(count);
  const text = await registry.metrics();
  isWritten = true;
  expect(text.match(/^micro_service_requests_total\{/gm)).toHaveLength(10_000);
  expect(turns).toBeGreaterThan(50);
});

function emptyMetrics(): Metrics {
  return createMetrics({
    openConnections: () => ({ http: 2 }),
    upstreamConnections: () => ({ 'HTTP/1.1': 1, 'HTTP/2': 0, WebSocket: 0 }),
    routesRevision: () => 7n,
    instancesSetAside: () => 0,
    isRouted: () => true,
  });
}

function counted(some: readonly Observation[]): Metrics {
  const metrics = emptyMetrics();
  for (const { service, code, seconds, bytes, ...kind } of some) {
    metrics.entrypointRequests.at(kind, code).add(seconds, bytes);
    metrics.serviceRequests.add(service, code, seconds, 0);
  }
  return metrics;
}

function countedByPromClient(some: readonly Observation[]): Registry {
  const registry = new Registry();
  const registers = [registry];
  const labelNames = ['entrypoint', 'code', 'grpc_code', 'protocol', 'method', 'lane'];
  const requests = new Counter({
    name: 'micro_entrypoint_requests_total',
    help: 'Requests that were answered or broken off; code is an HTTP status, grpc_code the name of a gRPC status.',
    labelNames,
    registers,
  });
  const durations = new Histogram({
    name: 'micro_entrypoint_request_duration_seconds',
    help: 'From the head of a request to the end of its answer.',
    labelNames,
    buckets: entrypointBounds,
    registers,
  });
  const responseBytes = new Counter({
    name: 'micro_entrypoint_response_bytes_total',
    help: "Bytes of the answers' bodies.",
    labelNames,
    registers,
  });
  const serviceRequests = new Counter({
    name: 'micro_service_requests_total',
    help: 'Requests to services of the route table.',
    labelNames: ['service', 'code', 'grpc_code'],
    registers,
  });
  const serviceDurations = new Histogram({
    name: 'micro_service_request_duration_seconds',
    help: 'From the head of a request to a service to the end of its answer.',
    labelNames: ['service'],
    buckets: serviceBounds,
    registers,
  });
  for (const { entrypoint, code, protocol, method, lane, service, seconds, bytes } of some) {
    const ended = typeof code === 'string' ? { grpc_code: code } : { code };
    const labels = { entrypoint, ...ended, protocol, method, lane };
    requests.inc(labels);
    durations.observe(labels, seconds);
    responseBytes.inc(labels, bytes);
    serviceRequests.inc({ service, ...ended });
    serviceDurations.observe({ service }, seconds);
  }
  return registry;
}

/** What a text tells of one metric. */
function section(text: string, name: string): string {
  return (
    text
      .split(/\n\n(?=# HELP)/)
      .find((part) => part.startsWith(`# HELP ${name} `))
      ?.trimEnd() ?? ''
  );
}

/** Series of services come grouped by service, prom-client's in the order in which they began. */
function sortedLines(text: string): readonly string[] {
  return text.split('\n').toSorted();
}
