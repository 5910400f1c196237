import { type Instance, type Prefix, Protocol, type Service } from '../../proto/gen/micro/routes/v1/routes.ts';
import { readHealthCheck } from '../registry/health-check.ts';
import type { ServiceVersion } from '../registry/types.ts';

/** What a control plane adds to the routes that come from the store. */
export interface InternalSystems {
  /** Their full names, which are the packages of their gRPC services. */
  readonly names: readonly string[];
  /** Where this control plane answers for all of them. */
  readonly address: string;
  /** Id of the one instance. */
  readonly node: string;
  /** Version of the server. */
  readonly version: string;
}

/**
 * The prefixes of the `http` entrypoint and their namespaces.
 *
 * @param root what all namespaces begin with: "go.micro"
 */
export function compilePrefixes(root: string): readonly Prefix[] {
  // A gRPC package that names no service is tried under the namespaces in this order.
  return [
    { path: '/service/', namespace: `${root}.service`, web: false },
    { path: '/api/', namespace: `${root}.api`, web: false },
    { path: '/web/', namespace: `${root}.web`, web: true },
  ];
}

/**
 * Makes the route of one service from its versions in the registry; pure.
 *
 * @param deployed whether the runtime is to run it: such a service is known even while nothing of it lives
 * @returns undefined when there is nothing to route to and nothing to wait for
 */
export function compileService(
  name: string,
  versions: readonly ServiceVersion[],
  deployed: boolean,
): Service | undefined {
  const byAddress = new Map<string, Instance>();
  const ids = new Set<string>();
  for (const { version, instances } of versions) {
    for (const { id, address, metadata } of instances) {
      // A copy that was started again on its old address may still be registered under its old id.
      if (byAddress.has(address) || ids.has(id)) continue;
      ids.add(id);
      byAddress.set(address, {
        id,
        version,
        address,
        protocol: protocolOf(metadata),
        weight: weightOf(metadata),
        healthCheck: readHealthCheck(metadata).check,
      });
    }
  }
  if (byAddress.size === 0 && !deployed) return undefined;
  return { name, instances: [...byAddress.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1)) };
}

/** The routes that lead to the control plane itself. */
export function compileInternal({ names, address, node, version }: InternalSystems): readonly Service[] {
  const instance: Instance = {
    id: node,
    version,
    address,
    protocol: Protocol.PROTOCOL_H2C,
    weight: 1,
    healthCheck: undefined,
  };
  return names.map((name) => ({ name, instances: [instance] }));
}

function protocolOf(metadata: Readonly<Record<string, string>>): Protocol {
  return metadata['protocol'] === 'grpc' ? Protocol.PROTOCOL_H2C : Protocol.PROTOCOL_HTTP1;
}

/** At most 9,999: enough for each share in percent of a service with as many instances as the runtime starts. */
function weightOf(metadata: Readonly<Record<string, string>>): number {
  const text = metadata['weight'];
  return text !== undefined && /^\d{1,4}$/.test(text) ? Number(text) : 1;
}
