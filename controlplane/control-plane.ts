import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import type { Logger } from 'pino';
import { type Address, dialable, formatAddress, type TcpAddress } from '../proto/channel/address.ts';
import { ClusterService } from '../proto/gen/micro/cluster/v1/cluster.ts';
import { RegistryService } from '../proto/gen/micro/registry/v1/registry.ts';
import { RoutesService } from '../proto/gen/micro/routes/v1/routes.ts';
import { RuntimeService } from '../proto/gen/micro/runtime/v1/runtime.ts';
import type { RouteSource } from '../proto/routes/source.ts';
import { clusterService } from './api/cluster.ts';
import { registryService } from './api/registry.ts';
import { routesService } from './api/routes.ts';
import { runtimeService } from './api/runtime.ts';
import { startControlServer } from './api/server.ts';
import { shareControlToken } from './cluster/control-token.ts';
import { startPresence } from './cluster/presence.ts';
import { openDataFolder } from './data-folder/data-folder.ts';
import type { ControlPlaneError } from './errors.ts';
import { startMirror } from './etcd/client/mirror.ts';
import { startRegistryDoor } from './registry/door/door.ts';
import { startRegistrar } from './registry/registrar.ts';
import { startSelfRegistrations } from './registry/self-registrations.ts';
import { startRegistryView } from './registry/view.ts';
import { compilePrefixes } from './routes/compile.ts';
import { startRoutes } from './routes/follow.ts';
import { startRuntime } from './runtime/runtime.ts';
import { type Cluster, openStore, type StoreChoice } from './store.ts';

export interface ControlPlaneOptions {
  /** Folder for what this node keeps; made when it is missing. */
  readonly dataDir: string;
  /** Control token; the one in the data folder when left out. */
  readonly token?: string | undefined;
  /** Where internal systems answer, and data planes subscribe; of a node of a cluster, on a Unix socket in the folder. */
  readonly listen: TcpAddress;
  readonly store: StoreChoice;
  /** Where services register themselves as in etcd; nowhere when undefined. */
  readonly registryDoor: TcpAddress | undefined;
  /** What the names of services begin with: "go.micro". */
  readonly namespace: string;
  /** How long calls in flight may go on at an instance that is replaced or killed, in milliseconds. */
  readonly instanceDrainMs: number;
  /** PATH, HOME and LANG for builds and services: all they get of the server's own environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** The same for git when it fetches sources, with what leads it to credentials and proxies. */
  readonly gitEnvironment: Readonly<Record<string, string>>;
  /** The git repository in which sources are that are named by a path alone. */
  readonly servicesRepository: string;
  /** Version of the server. */
  readonly version: string;
  /**
   * Called once when the start waits for the other nodes of a cluster of which this one has data. A data plane has something
   * to serve by meanwhile: the last good route table.
   */
  readonly onWaiting?: (waiting: Pick<ControlPlane, 'node' | 'internal'>) => void;
  /** Ends that wait. */
  readonly signal: AbortSignal;
  readonly log: Logger;
}

export interface ControlPlane {
  /** Name of this node. */
  readonly node: string;
  readonly addresses: { readonly control: TcpAddress; readonly registry?: TcpAddress };
  /** Where processes of this machine reach the internal systems. */
  readonly internal: Address;
  /** Resolves when the node cannot go on: it was removed from its cluster. */
  readonly lost: Promise<ControlPlaneError>;
  /** The route table, for a data plane in the same process. */
  readonly routes: RouteSource;
  /** Ends the calls that would follow logs and the registry for ever, so that a data plane need not wait for them. */
  endStreams(): void;
  /** Stops the services that run here, then everything else. */
  stop(): Promise<void>;
}

/** How long a route change may take to reach every data plane before what depends on it goes on without. */
const settleTimeoutMs = 5_000;

/** Not those of data planes: they are told of the end of the services that run here. */
const endless = [RuntimeService.logs, RegistryService.watch];

/**
 * Starts the control plane. When it returns, what a killed predecessor left behind is gone, and the services that
 * should run are being started.
 *
 * @throws ControlPlaneError when a part cannot be had; nothing is left running then
 */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const { environment, gitEnvironment, servicesRepository, log, version } = options;
  await using started = new AsyncDisposableStack();
  const own = <Part extends { stop(): void | Promise<void> }>(part: Part): Part =>
    started.adopt(part, async (stopping) => stopping.stop());

  const folder = await openDataFolder({ path: options.dataDir, token: options.token });
  started.defer(() => folder.release());
  const { node } = folder;
  const choice = options.store;
  const { client, cluster, ...store } = own(
    await openStore({
      choice,
      folder: folder.path,
      node,
      version,
      environment,
      onWaiting: () => options.onWaiting?.({ node, internal: socketIn(folder.path) }),
      signal: options.signal,
      log,
    }),
  );
  const token = options.token ?? (cluster === undefined ? folder.token : await shareControlToken(client, folder.token));
  if (token !== folder.token) await folder.keepToken(token);
  const listen = cluster === undefined ? options.listen : socketIn(folder.path);
  // Whoever listened there had the folder before.
  if ('path' in listen) await rm(listen.path, { force: true });
  const server = own(await startControlServer({ listen, token, endless }));

  const mirror = own(await startMirror({ client, prefix: '/micro/', log }));
  const view = own(startRegistryView({ mirror, log }));
  const registrar = own(startRegistrar({ client, log }));
  const selfRegistrations = own(startSelfRegistrations({ client, view, log }));

  const prefixes = compilePrefixes(options.namespace);
  const services = [RegistryService, RuntimeService, RoutesService, ClusterService];
  const address = formatAddress(dialable(server.address));
  const internal = { names: services.map(packageOf), address, node, version };
  const { publisher } = own(startRoutes({ mirror, registry: view, prefixes, internal }));

  const settled = (revision: bigint) => publisher.settled(revision, settleTimeoutMs);
  const runtime = own(
    await startRuntime({
      node,
      folder: folder.path,
      client,
      registrar,
      prefixes,
      settled,
      async drained(revision, addresses, timeoutMs) {
        await settled(revision);
        return publisher.drained(addresses, timeoutMs);
      },
      environment,
      gitEnvironment,
      servicesRepository,
      clusterNodes: cluster && (() => cluster.nodes.names()),
      host: cluster === undefined ? '127.0.0.1' : instanceHost(cluster),
      limits: { drainMs: options.instanceDrainMs },
      log,
    }),
  );

  server.add(RegistryService, registryService({ view, selfRegistrations, log }));
  server.add(RuntimeService, runtimeService({ runtime, log }));
  server.add(RoutesService, routesService(publisher));
  server.add(
    ClusterService,
    clusterService({ node, version, storeMode: store.mode, mirror, publisher, nodes: cluster?.nodes, log }),
  );

  const { endpoints: upstream, tls: upstreamTls } = store;
  const door =
    options.registryDoor && own(await startRegistryDoor({ listen: options.registryDoor, upstream, upstreamTls, log }));
  const self = { node, address: cluster?.address ?? '', version, startedUnixMs: Date.now() };
  own(await startPresence({ client, self, log }));

  const control = 'path' in server.address ? options.listen : server.address;
  const running = started.move();
  return {
    node,
    addresses: { control: cluster?.listen ?? control, ...(door && { registry: door.address }) },
    internal: server.address,
    lost: cluster?.lost ?? new Promise(() => undefined),
    routes: publisher,
    endStreams: () => server.endStreams(),
    stop: () => running.disposeAsync(),
  };
}

/** Where the internal systems of a node of a cluster answer. */
function socketIn(folder: string): Address {
  return { path: join(folder, 'control.sock') };
}

/** Where the instances of a node listen: where the other nodes reach them, which on one machine is the loopback. */
function instanceHost({ listen: { host } }: Cluster): string {
  return host.startsWith('127.') || host === '::1' ? '127.0.0.1' : host;
}

/** "micro.routes.v1": what callers route by. */
function packageOf(service: Readonly<Record<string, { readonly path: string }>>): string {
  const [method] = Object.values(service);
  return (method?.path ?? '').replace(/^\/(.*)\.[^.]*\/.*$/, '$1');
}
