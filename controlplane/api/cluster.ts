import type { Logger } from 'pino';
import type { ClusterServer, StoreMode } from '../../proto/gen/micro/cluster/v1/cluster.ts';
import { isInternalSystem } from '../../proto/internal-systems.ts';
import type { ClusterNodes } from '../cluster/roster.ts';
import type { Mirror } from '../etcd/client/mirror.types.ts';
import type { RoutePublisher } from '../routes/publish.ts';
import { nodesApi } from './nodes.ts';

export interface ClusterServiceOptions {
  readonly node: string;
  /** Version of the server. */
  readonly version: string;
  readonly storeMode: StoreMode;
  readonly mirror: Mirror;
  readonly publisher: RoutePublisher;
  /** Undefined for a node that is no part of a cluster of nodes. */
  readonly nodes: ClusterNodes | undefined;
  readonly log: Logger;
}

/** The internal system `micro.cluster.v1`: what `micro health` and `micro nodes` show. */
export function clusterService(options: ClusterServiceOptions): ClusterServer {
  const { node, version, storeMode, mirror, publisher, nodes, log } = options;
  const startedUnixMs = BigInt(Date.now());
  return {
    ...nodesApi({ mirror, nodes, log }),
    health(_call, done) {
      const { revision, services: routed } = publisher.snapshot();
      // What users run; the internal systems are routed to as well.
      const services = routed.filter(({ name }) => !isInternalSystem(name));
      done(null, {
        node,
        version,
        startedUnixMs,
        store: {
          mode: storeMode,
          reachable: mirror.status.reachable,
          reason: mirror.status.reachable ? '' : mirror.status.reason,
          clusterId: mirror.clusterId,
          revision: mirror.revision,
        },
        routes: {
          revision,
          services: services.length,
          instances: services.reduce((sum, { instances }) => sum + instances.length, 0),
        },
        dataPlanes: publisher.subscribers().map((subscriber) => ({
          name: subscriber.name,
          revision: subscriber.revision,
          nackReason: subscriber.nackReason ?? '',
          httpAddress: subscriber.httpAddress,
          httpUsesTls: subscriber.httpUsesTls,
        })),
      });
    },
  };
}
