import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { formatAddress, type TcpAddress } from '../proto/channel/address.ts';
import { type Instance, Protocol, type Service, type Snapshot } from '../proto/gen/micro/routes/v1/routes.ts';
import type { RouteSource, RouteSubscriber, RouteUpdate } from '../proto/routes/source.ts';
import { type DataPlane, type DataPlaneOptions, startDataPlane } from './data-plane.ts';

/** A port of the operating system's choice, on the loopback. */
const anyPort: TcpAddress = { host: '127.0.0.1', port: 0 };

/** The log of a data plane under test, which nobody reads. */
export const silent = pino({ level: 'silent' });

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

/** A data plane that is stopped when the test ends. */
export async function startTestDataPlane(
  routes: RouteSource,
  options: Partial<DataPlaneOptions> = {},
): Promise<DataPlane & { readonly admin: TcpAddress }> {
  const folder = await mkdtemp(join(tmpdir(), 'micro-data-plane-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const dataPlane = await startDataPlane({
    name: 'test',
    routes,
    http: anyPort,
    grpc: anyPort,
    lastGoodFile: join(folder, 'routes.last-good'),
    log: silent,
    ...options,
    admin: options.admin ?? anyPort,
    timeouts: { drainGraceMs: 0, drainMs: 100, ...options.timeouts },
  });
  onTestFinished(() => dataPlane.stop());
  return dataPlane as DataPlane & { readonly admin: TcpAddress };
}

/** Listens until the test ends. Returns the address. */
export async function listenForTest(server: {
  listen(port: number, host: string, listening: () => void): unknown;
  address(): AddressInfo | string | null;
  close(): unknown;
  on(event: 'connection', listener: (socket: Socket) => void): unknown;
}): Promise<string> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return formatAddress({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
}

/** A raw connection, for what no HTTP client would send. Closed when the test ends. */
export function rawConnection({ host, port }: TcpAddress): Socket {
  const socket = connect({ host, port });
  onTestFinished(() => {
    socket.destroy();
  });
  return socket;
}
