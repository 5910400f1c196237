import { type Address, parseAddress } from '../../proto/channel/address.ts';
import {
  type Delta,
  type HealthCheck,
  type Instance,
  type Prefix,
  Protocol,
  type Service,
  type Snapshot,
} from '../../proto/gen/micro/routes/v1/routes.ts';
import type { InstanceState, InstanceStates } from './instance-state.ts';
import { Picker } from './picker.ts';
import { RetryBudget } from './retry-budget.ts';
import { ServiceMap } from './service-map.ts';

/** What the data plane looks up in. Immutable: each update makes a new one, which shares what did not change. */
export interface RouteTable {
  readonly clusterId: bigint;
  readonly revision: bigint;
  /** By path ("/api/"), in the order in which gRPC packages are tried under their namespaces. */
  readonly prefixes: ReadonlyMap<string, Prefix>;
  /** By full name. */
  readonly services: ServiceMap;
  /** What beginnings of paths were found to lead to, so that they are found at once: at most one for each service. */
  readonly places: Map<string, Place>;
}

/** What a path that begins with this leads to. */
export interface Place {
  readonly kind: 'place';
  readonly service: RoutedService;
  /** Without a slash at its end: "/api/greeter". */
  readonly prefix: string;
  readonly web: boolean;
}

export interface RoutedService {
  /** As the control plane sent it. */
  readonly definition: Service;
  readonly name: string;
  /** All of them, those without weight too. */
  readonly instances: readonly RoutedInstance[];
  /** Pickers over the instances that speak a protocol, and over all. */
  readonly pickers: { readonly any: Picker; readonly http1: Picker; readonly h2c: Picker };
  /** What its calls may still be tried again. Outlives tables. */
  readonly retries: RetryBudget;
}

export interface RoutedInstance {
  /** As in the registry: "host:port" or "unix:/path". */
  readonly name: string;
  readonly address: Address;
  readonly protocol: Protocol;
  readonly weight: number;
  /** How its health is to be checked; undefined when it is not. */
  readonly healthCheck?: HealthCheck | undefined;
  readonly state: InstanceState;
}

export interface TableParts {
  readonly states: InstanceStates;
  /** From 0 up to, but not including, 1. */
  readonly random: () => number;
}

/**
 * Compiles a snapshot that has been checked.
 *
 * @param before the table that is served until now
 */
export function compileTable(snapshot: Snapshot, parts: TableParts, before?: RouteTable): RouteTable {
  const services = snapshot.services.map((service) => compileService(service, parts, before));
  return {
    clusterId: snapshot.clusterId,
    revision: snapshot.revision,
    prefixes: new Map(snapshot.prefixes.map((prefix) => [prefix.path, prefix])),
    services: ServiceMap.of(services),
    places: new Map(),
  };
}

/** The table that a checked delta turns this one into. */
export function updateTable(table: RouteTable, delta: Delta, parts: TableParts): RouteTable {
  const changed = delta.changed.map((service) => compileService(service, parts, table));
  return {
    ...table,
    revision: delta.revision,
    services: table.services.with(changed, delta.removed),
    places: new Map(),
  };
}

/** The snapshot that compiles to this table. */
export function snapshotOf({ clusterId, revision, prefixes, services }: RouteTable): Snapshot {
  return {
    clusterId,
    revision,
    prefixes: [...prefixes.values()],
    services: Array.from(services, ({ definition }) => definition),
  };
}

function compileService(definition: Service, parts: TableParts, before: RouteTable | undefined): RoutedService {
  const instances = definition.instances.map((instance) => routed(instance, parts.states));
  const any = new Picker(instances, parts.random);
  const speaking = (wanted: Protocol): Picker => {
    const some = instances.filter(({ protocol }) => protocol === wanted);
    return some.length === instances.length ? any : new Picker(some, parts.random);
  };
  return {
    definition,
    name: definition.name,
    instances,
    pickers: { any, http1: speaking(Protocol.PROTOCOL_HTTP1), h2c: speaking(Protocol.PROTOCOL_H2C) },
    retries: before?.services.get(definition.name)?.retries ?? new RetryBudget(),
  };
}

function routed({ address, protocol, weight, healthCheck }: Instance, states: InstanceStates): RoutedInstance {
  return { name: address, address: parseAddress(address), protocol, weight, healthCheck, state: states.at(address) };
}
