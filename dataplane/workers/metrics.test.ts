import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { createWorkerMetrics } from './metrics.ts';

/** A worker with metrics of its own; what it answers can be changed. */
function testWorker(revision: number) {
  const registry = new Registry();
  const registers = [registry];
  const requests = new Counter({ name: 'requests_total', help: 'Requests.', labelNames: ['path'], registers });
  const connections = new Gauge({
    name: 'micro_open_connections',
    help: 'Open.',
    labelNames: ['entrypoint'],
    registers,
  });
  const duration = new Histogram({ name: 'duration_seconds', help: 'Durations.', buckets: [1], registers });
  new Gauge({ name: 'micro_routes_revision', help: 'Revision.', registers }).set(revision);
  const worker = {
    requests,
    connections,
    duration,
    says: undefined as 'silent' | 'away' | undefined,
    ask: async () => worker.says ?? ({ text: await registry.metrics() } as never),
  };
  return worker;
}

function metricsOf(...workers: ReturnType<typeof testWorker>[]) {
  const metrics = createWorkerMetrics({ processes: () => workers, adminConnections: () => 1, timeoutMs: 1_000 });
  return {
    ...metrics,
    workers,
    samples: async () =>
      new Map(
        (await metrics.metrics()).split('\n').map((line) => [line.replace(/ [^ ]*$/, ''), line.split(' ').at(-1)]),
      ),
  };
}

test('what workers tell is added up, and of the revision the least is told', async () => {
  const [one, two] = [testWorker(9), testWorker(7)];
  const sum = metricsOf(one, two);
  one.requests.inc({ path: '/a "b" \\ c' }, 2);
  two.requests.inc({ path: '/a "b" \\ c' }, 3);
  two.requests.inc({ path: '/only two' }, 1);
  one.connections.set({ entrypoint: 'http' }, 4);
  two.connections.set({ entrypoint: 'http' }, 5);
  one.duration.observe(0.5);
  two.duration.observe(1.5);
  expect(await sum.metrics()).toMatchInlineSnapshot(`
    "# HELP requests_total Requests.
    # TYPE requests_total counter
    requests_total{path="/a \\"b\\" \\\\ c"} 5
    requests_total{path="/only two"} 1

    # HELP micro_open_connections Open.
    # TYPE micro_open_connections gauge
    micro_open_connections{entrypoint="http"} 9
    micro_open_connections{entrypoint="admin"} 1

    # HELP duration_seconds Durations.
    # TYPE duration_seconds histogram
    duration_seconds_bucket{le="1"} 1
    duration_seconds_bucket{le="+Inf"} 2
    duration_seconds_sum 2
    duration_seconds_count 2

    # HELP micro_routes_revision Revision.
    # TYPE micro_routes_revision gauge
    micro_routes_revision 7

    # HELP micro_workers Workers that told these metrics; of the others what they had counted before is in them.
    # TYPE micro_workers gauge
    micro_workers 2

    # HELP micro_worker_ends_total Workers that ended by themselves. What they had counted since they last told their metrics is lost.
    # TYPE micro_worker_ends_total counter
    micro_worker_ends_total 0

    # HELP micro_worker_silences_total How often a worker did not tell its metrics in time.
    # TYPE micro_worker_silences_total counter
    micro_worker_silences_total 0

    "
  `);
});

test('what a worker had counted stays when it ends, and what was open in it does not', async () => {
  const [one, two] = [testWorker(9), testWorker(9)];
  const { samples, ended, workers } = metricsOf(one, two);
  for (const worker of [one, two]) {
    worker.requests.inc({ path: '/' }, 3);
    worker.connections.set({ entrypoint: 'http' }, 1);
  }
  await samples();
  const successor = testWorker(9);
  workers[0] = successor;
  successor.says = 'away';
  ended(one);
  successor.requests.inc({ path: '/' }, 1);
  const between = await samples();
  expect(between.get('requests_total{path="/"}')).toBe('6');
  expect(between.get('micro_open_connections{entrypoint="http"}')).toBe('1');
  expect(between.get('micro_workers')).toBe('1');
  expect(between.get('micro_worker_ends_total')).toBe('1');
  successor.says = undefined;
  expect((await samples()).get('requests_total{path="/"}')).toBe('7');

  ended(two);
  workers[1] = successor;
  expect((await samples()).get('requests_total{path="/"}')).toBe('7');
});

test('a worker that does not tell in time is counted, and what it had counted stays', async () => {
  const [one, two] = [testWorker(9), testWorker(8)];
  const { samples } = metricsOf(one, two);
  for (const worker of [one, two]) worker.requests.inc({ path: '/' }, 3);
  await samples();
  two.says = 'silent';
  one.requests.inc({ path: '/' }, 1);
  const after = await samples();
  expect(after.get('requests_total{path="/"}')).toBe('7');
  expect(after.get('micro_routes_revision')).toBe('9');
  expect(after.get('micro_worker_silences_total')).toBe('1');
  two.says = undefined;
  two.requests.inc({ path: '/' }, 1);
  expect((await samples()).get('requests_total{path="/"}')).toBe('8');
});

test('the counts of a worker that ends while it tells are not lost, nor counted twice', async () => {
  const [one, two] = [testWorker(9), testWorker(9)];
  const { samples, ended, workers } = metricsOf(one, two);
  for (const worker of [one, two]) worker.requests.inc({ path: '/' }, 3);
  await samples();
  const during = samples();
  ended(one);
  workers[0] = testWorker(9);
  expect((await during).get('requests_total{path="/"}')).toBe('6');
  expect((await samples()).get('requests_total{path="/"}')).toBe('6');
});
