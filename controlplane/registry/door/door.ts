import { Server, ServerCredentials } from '@grpc/grpc-js';
import { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import type { Logger } from 'pino';
import { type Address, formatAddress, type TcpAddress } from '../../../proto/channel/address.ts';
import type { ChannelTls } from '../../../proto/channel/client.ts';
import { ControlPlaneError } from '../../errors.ts';
import { ClusterService, KVService, LeaseService, MaintenanceService, WatchService } from '../../etcd/gen/rpc.ts';
import { registryPrefix } from '../keys.ts';
import { kvService } from './kv.ts';
import { leaseService } from './lease.ts';
import { clusterService, maintenanceService } from './member.ts';
import { connectUpstream } from './upstream.ts';
import { watchService } from './watch.ts';

export interface RegistryDoorOptions {
  /** Where to listen; the next free port if it is taken, and any free one for port 0. Who reaches it may register. */
  readonly listen: TcpAddress;
  /** The endpoints of the etcd behind the door. */
  readonly upstream: readonly Address[];
  /** How that etcd and the door know each other. Default: they do not. */
  readonly upstreamTls?: ChannelTls | undefined;
  readonly log: Logger;
}

export interface RegistryDoor {
  readonly address: TcpAddress;
  stop(): Promise<void>;
}

/** How many ports are tried. */
const maxPorts = 10;

/** Calls in flight get so long to end when the door closes, in milliseconds. */
const drainMs = 1_000;

/** What gRPC takes from a client at most; etcd behind refuses requests from 1.5 MiB on. */
const maxRequestBytes = 2 * 1024 * 1024;

/** On one connection. */
const maxStreams = 1_000;

/**
 * Opens the registry door: etcd's API for keys under `/micro/registry/` alone, so that a go-micro service with
 * MICRO_REGISTRY=etcd registers itself here. Everything else is PERMISSION_DENIED.
 *
 * @throws ControlPlaneError `conflict` when none of the ports is free
 */
export async function startRegistryDoor({
  listen,
  upstream: addresses,
  upstreamTls,
  log,
}: RegistryDoorOptions): Promise<RegistryDoor> {
  await using starting = new AsyncDisposableStack();
  const upstream = starting.adopt(connectUpstream(addresses, upstreamTls), (upstream) => upstream.close());
  const server = starting.adopt(
    new Server({ 'grpc.max_receive_message_length': maxRequestBytes, 'grpc.max_concurrent_streams': maxStreams }),
    drain,
  );
  let clientUrl = '';
  server.addService(KVService, kvService(upstream));
  server.addService(WatchService, watchService(upstream));
  server.addService(LeaseService, leaseService(upstream));
  server.addService(
    ClusterService,
    clusterService(upstream, () => clientUrl),
  );
  server.addService(MaintenanceService, maintenanceService(upstream));

  const address = await bindNextFree(server, listen);
  clientUrl = `http://${formatAddress(address)}`;
  log.debug({ address: formatAddress(address), prefix: registryPrefix }, 'the registry door is open');
  const running = starting.move();
  return { address, stop: () => running.disposeAsync() };
}

async function bindNextFree(server: Server, { host, port }: TcpAddress): Promise<TcpAddress> {
  const last = port === 0 ? 0 : Math.min(port + maxPorts - 1, 65_535);
  for (let candidate = port; ; candidate += 1) {
    try {
      return { host, port: await bind(server, formatAddress({ host, port: candidate })) };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (reason.includes('EADDRINUSE') && candidate < last) continue;
      const ports = last === port ? `port ${port}` : `ports ${port} to ${last}`;
      throw new ControlPlaneError(
        'conflict',
        `the registry door cannot listen on ${host}, ${ports} (${reason}): choose another address with --etcd-listen, ` +
          'or close it with --etcd-listen off',
        { cause: error },
      );
    }
  }
}

function bind(server: Server, address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, port) => {
      if (error === null) resolve(port);
      else reject(error);
    });
  });
}

async function drain(server: Server): Promise<void> {
  const drained = new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
  const timer = setTimeout(() => server.forceShutdown(), drainMs);
  await drained;
  clearTimeout(timer);
}
