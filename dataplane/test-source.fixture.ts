import { type Instance, Protocol, type Service, type Snapshot } from '../proto/gen/micro/routes/v1/routes.ts';
import type { RouteSource, RouteSubscriber, RouteUpdate } from '../proto/routes/source.ts';

/** A control plane that sends what the test says. */
export interface TestSource extends RouteSource {
  /** Sends to every subscriber; throws what they refuse it with. */
  send(update: RouteUpdate): void;
  /** The addresses that subscribers said have drained, in their order. */
  readonly drained: readonly string[];
  /** Those that they say still drain. */
  draining(): readonly string[];
  /** Sends a snapshot of these services under the usual prefixes, on the next revision. */
  serve(...services: Service[]): void;
}

export function testSource(...initial: Service[]): TestSource {
  const subscribers = new Set<RouteSubscriber>();
  const drained: string[] = [];
  let revision = 0n;
  let snapshot: Snapshot | undefined;
  const source: TestSource = {
    drained,
    draining: () => [...subscribers].flatMap((subscriber) => [...subscriber.draining()]),
    subscribe(subscriber) {
      subscribers.add(subscriber);
      if (snapshot) {
        subscriber.connection({ status: 'connected' });
        void subscriber.apply({ $case: 'snapshot', value: snapshot });
      }
      return {
        drained: (address) => void drained.push(address),
        close: () => void subscribers.delete(subscriber),
      };
    },
    send(update) {
      for (const subscriber of subscribers) void subscriber.apply(update);
    },
    serve(...services) {
      revision += 1n;
      snapshot = snapshotWith(services, { revision });
      source.send({ $case: 'snapshot', value: snapshot });
    },
  };
  if (initial.length > 0) source.serve(...initial);
  return source;
}

export function snapshotWith(services: readonly Service[], changes: Partial<Snapshot> = {}): Snapshot {
  return {
    clusterId: 1n,
    revision: 1n,
    prefixes: [
      { path: '/api/', namespace: 'go.micro.api', web: false },
      { path: '/web/', namespace: 'go.micro.web', web: true },
      { path: '/service/', namespace: 'go.micro.service', web: false },
    ],
    services,
    ...changes,
  };
}

/** A service with an instance at each address. */
export function service(name: string, addresses: readonly string[], changes: Partial<Instance> = {}): Service {
  const instances = addresses.map((address, index) => ({
    id: `${name}-${index}`,
    version: 'latest',
    address,
    protocol: Protocol.PROTOCOL_HTTP1,
    weight: 1,
    healthCheck: undefined,
    ...changes,
  }));
  return { name, instances };
}
