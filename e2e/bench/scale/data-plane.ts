import { join } from 'node:path';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { Prefix } from '../../../proto/gen/micro/routes/v1/routes.ts';
import { routesServiceDefinition, serveRoutes } from '../../../proto/routes/serve.ts';
import type { RouteSource, RouteSubscriber } from '../../../proto/routes/source.ts';
import { startServer } from '../../harness/server.ts';
import type { Figure } from '../figure.ts';
import { atRate, perSecond, seconds } from './changes.ts';
import { processorMs } from './processor-time.ts';
import { serviceOf } from './services.ts';

const prefixes: readonly Prefix[] = [{ path: '/service/', namespace: 'go.micro.service', web: false }];
const clusterId = 1n;

/** What a change of the route table costs a data plane, by how large the table is. */
export async function measureDataPlane(folder: string): Promise<readonly Figure[]> {
  const small = await measure(join(folder, 'small'), 100);
  const large = await measure(join(folder, 'large'), 10_000);
  const cost = { name: 'a change in a data plane, processor time', unit: 'µs' };
  const latency = { name: 'a change in a data plane, until it is acked', unit: 'ms' };
  const [few, many] = ['100 services', '10,000 services'] as const;
  return [
    { ...cost, contender: few, samples: [small.costUs] },
    { ...cost, contender: many, samples: [large.costUs], targets: [{ atMostTimes: 1.5, of: few }] },
    { ...latency, contender: few, samples: small.latencyMs },
    { ...latency, contender: many, samples: large.latencyMs },
  ];
}

async function measure(folder: string, services: number) {
  const control = await startControl(services);
  try {
    const flags = ['--control', control.address];
    await using dataPlane = await startServer({
      command: 'dataplane',
      dataDir: folder,
      flags,
      env: { MICRO_TOKEN: 'any' },
    });
    await control.changes(2);
    const before = await processorMs(dataPlane.pid);
    const latencyMs = await control.changes(seconds);
    const costUs = ((await processorMs(dataPlane.pid)) - before) / ((perSecond * seconds) / 1_000);
    return { costUs, latencyMs };
  } finally {
    control.stop();
  }
}

/** A control plane that has nothing but a table, which changes when it is told to. */
async function startControl(services: number) {
  let revision = 1n;
  let subscriber: RouteSubscriber | undefined;
  let isReady = (): void => {};
  const ready = new Promise<void>((resolve) => (isReady = resolve));
  const source: RouteSource = {
    subscribe(subscribing) {
      const snapshot = {
        clusterId,
        revision,
        prefixes,
        services: Array.from({ length: services }, (_, index) => serviceOf(index, 0)),
      };
      void Promise.resolve(subscribing.apply({ $case: 'snapshot', value: snapshot })).then(() => {
        subscriber = subscribing;
        isReady();
      });
      return { drained: () => {}, close: () => {} };
    },
  };
  const server = new Server();
  const { subscribe } = routesServiceDefinition;
  server.addService({ subscribe }, { subscribe: serveRoutes(source) });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });

  return {
    address: `127.0.0.1:${port}`,
    /** @returns how long each took until it was acked, in milliseconds */
    async changes(forSeconds: number): Promise<readonly number[]> {
      await ready;
      const latencyMs: number[] = [];
      let pending: { readonly index: number; readonly at: number }[] = [];
      let sending: Promise<void> | undefined;
      const send = async (): Promise<void> => {
        while (pending.length > 0) {
          const sent = pending;
          pending = [];
          const changed = [...new Set(sent.map(({ index }) => index % services))];
          const baseRevision = revision;
          revision += 1n;
          const value = {
            clusterId,
            baseRevision,
            revision,
            changed: changed.map((index) => serviceOf(index, Number(revision))),
            removed: [],
          };
          await subscriber?.apply({ $case: 'delta', value });
          for (const { at } of sent) latencyMs.push(performance.now() - at);
        }
        sending = undefined;
      };
      await atRate({ perSecond, seconds: forSeconds }, (index) => {
        pending.push({ index: index * 7, at: performance.now() });
        sending ??= send();
      });
      await sending;
      return latencyMs;
    },
    stop: () => server.forceShutdown(),
  };
}
