import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import { type Address, dialable, formatAddress } from '../proto/channel/address.ts';
import { BackupService } from '../proto/gen/micro/cluster/v1/backup.ts';
import { ClusterService } from '../proto/gen/micro/cluster/v1/cluster.ts';
import { RegistryService } from '../proto/gen/micro/registry/v1/registry.ts';
import { RoutesService } from '../proto/gen/micro/routes/v1/routes.ts';
import { RuntimeService } from '../proto/gen/micro/runtime/v1/runtime.ts';
import { routesServiceDefinition } from '../proto/routes/serve.ts';
import { backupService } from './api/backup.ts';
import { clusterService } from './api/cluster.ts';
import { registryService } from './api/registry.ts';
import { routesService } from './api/routes.ts';
import { runtimeService } from './api/runtime.ts';
import { type ControlServer, startControlServer } from './api/server.ts';
import { shareControlToken } from './cluster/control-token.ts';
import { startPresence } from './cluster/presence.ts';
import type { ControlPlaneOptions } from './control-plane.ts';
import type { DataFolder } from './data-folder/data-folder.ts';
import { startMirror } from './etcd/client/mirror.ts';
import { type RegistryDoor, startRegistryDoor } from './registry/door/door.ts';
import { startRegistrar } from './registry/registrar.ts';
import { startSelfRegistrations } from './registry/self-registrations.ts';
import { startRegistryView } from './registry/view.ts';
import { compilePrefixes } from './routes/compile.ts';
import { startRoutes } from './routes/follow.ts';
import type { RoutePublisher } from './routes/publish.ts';
import { startRuntime } from './runtime/runtime.ts';
import type { Cluster, Store } from './store.ts';

/** How long a route change may take to reach every data plane before what depends on it goes on without. */
const settleTimeoutMs = 5_000;

/** Not those of data planes: they are told of the end of the services that run here. */
const endless = [RuntimeService.logs, RegistryService.watch];

/** What a control plane does with a store. */
export interface Parts {
  readonly server: ControlServer;
  readonly publisher: RoutePublisher;
  /** Undefined when it is closed. */
  readonly door: RegistryDoor | undefined;
  stop(): Promise<void>;
}

/**
 * Starts the parts of a control plane on its store.
 *
 * @throws ControlPlaneError when one cannot be had; nothing is left running then
 */
export async function startParts(
  options: ControlPlaneOptions,
  folder: DataFolder,
  { client, cluster, ...store }: Store,
): Promise<Parts> {
  const { environment, fetchEnvironment, servicesRepository, log, version } = options;
  const { node } = folder;
  await using started = new AsyncDisposableStack();
  const own = <Part extends { stop(): void | Promise<void> }>(part: Part): Part =>
    started.adopt(part, async (stopping) => stopping.stop());

  const token = options.token ?? (cluster === undefined ? folder.token : await shareControlToken(client, folder.token));
  if (token !== folder.token) await folder.keepToken(token);
  const listen = cluster === undefined ? options.listen : internalSocket(folder.path);
  // Whoever listened there had the folder before.
  if ('path' in listen) await rm(listen.path, { force: true });
  const server = own(await startControlServer({ listen, token, endless }));

  const self = { node, address: cluster?.address ?? '', version, startedUnixMs: Date.now() };
  own(await startPresence({ client, self, log }));
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
      fetchEnvironment,
      servicesRepository,
      clusterNodes: cluster && (() => cluster.nodes.names()),
      host: cluster === undefined ? '127.0.0.1' : instanceHost(cluster),
      limits: { readyTimeoutMs: options.readyTimeoutMs, drainMs: options.instanceDrainMs },
      log,
    }),
  );

  server.add(RegistryService, registryService({ view, selfRegistrations, log }));
  server.add(RuntimeService, runtimeService({ runtime, log }));
  server.add(routesServiceDefinition, routesService(publisher));
  server.add(
    ClusterService,
    clusterService({ node, version, storeMode: store.mode, mirror, publisher, nodes: cluster?.nodes, log }),
  );
  server.add(BackupService, backupService({ client, log }));

  const { endpoints: upstream, tls: upstreamTls } = store;
  const door =
    options.registryDoor && own(await startRegistryDoor({ listen: options.registryDoor, upstream, upstreamTls, log }));

  const running = started.move();
  return { server, publisher, door, stop: () => running.disposeAsync() };
}

/** Where the internal systems of a node of a cluster answer. */
export function internalSocket(folder: string): Address {
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
