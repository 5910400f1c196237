import type { Prefix, Service } from '../../proto/gen/micro/routes/v1/routes.ts';
import type { Mirror } from '../etcd/client/mirror.types.ts';
import type { RegistryView } from '../registry/types.ts';
import { deploymentsPrefix } from '../runtime/keys.ts';
import { compileInternal, compileService, type InternalSystems } from './compile.ts';
import { publishRoutes, type RoutePublisher } from './publish.ts';

export interface RoutesOptions {
  readonly mirror: Mirror;
  /** Reads the same mirror. */
  readonly registry: RegistryView;
  readonly prefixes: readonly Prefix[];
  readonly internal: InternalSystems;
}

/**
 * Keeps the route table compiled from the store: the registry, and the names of deployments. A change costs as much as
 * the services it touches.
 */
export function startRoutes({ mirror, registry, prefixes, internal }: RoutesOptions): Routes {
  const compile = (name: string): Service | undefined =>
    compileService(name, registry.get(name), mirror.get(deploymentsPrefix + name) !== undefined);

  const deployed = mirror.list(deploymentsPrefix).map(({ key }) => deploymentName(key));
  const names = new Set([...registry.list().map(({ name }) => name), ...deployed]);
  const publisher = publishRoutes({
    clusterId: mirror.clusterId,
    revision: mirror.revision,
    prefixes,
    services: [...[...names].flatMap((name) => compile(name) ?? []), ...compileInternal(internal)].toSorted(byName),
  });

  const touched = new Set<string>();
  const endRegistry = registry.onChange((change) => {
    for (const name of change.names) touched.add(name);
  });
  // The registry reads its part of a change first, as it listens to the mirror for longer: all of one store revision
  // becomes one change of the table.
  const endMirror = mirror.onChange('', ({ revision, put, deleted }) => {
    for (const key of [...put.map((entry) => entry.key), ...deleted]) {
      if (key.startsWith(deploymentsPrefix)) touched.add(deploymentName(key));
    }
    const changed: Service[] = [];
    const removed: string[] = [];
    for (const name of touched) {
      const service = compile(name);
      if (service === undefined) removed.push(name);
      else changed.push(service);
    }
    touched.clear();
    publisher.update({ revision, changed, removed });
  });

  return {
    publisher,
    stop() {
      endMirror();
      endRegistry();
    },
  };
}

export interface Routes {
  readonly publisher: RoutePublisher;
  /** Compiles no more; the publisher keeps the last table. */
  stop(): void;
}

const deploymentName = (key: string): string => key.slice(deploymentsPrefix.length);

const byName = (a: Service, b: Service): number => (a.name < b.name ? -1 : 1);
