import type { ClusterServer, MaintenanceServer } from '../../etcd/gen/rpc.ts';
import { Denied } from './access.ts';
import { deny, forward, toStatus } from './forward.ts';
import type { Upstream } from './upstream.ts';

/**
 * etcd's Cluster service: a client that asks for the members, to spread its calls over them, is told of the door alone,
 * lest it goes past it.
 */
export function clusterService(upstream: Upstream, clientUrl: () => string): ClusterServer {
  return {
    memberList: forward(
      upstream,
      ({ cluster }, ...call) => cluster.memberList(...call),
      () => undefined,
      ({ header }) => {
        const ID = header?.memberId ?? 0n;
        const door = { ID, name: 'registry-door', peerURLs: [], clientURLs: [clientUrl()], isLearner: false };
        return { header, members: [door] };
      },
    ),
    memberAdd: deny('Cluster.MemberAdd'),
    memberRemove: deny('Cluster.MemberRemove'),
    memberUpdate: deny('Cluster.MemberUpdate'),
    memberPromote: deny('Cluster.MemberPromote'),
  };
}

/** etcd's Maintenance service: clients may see that it is there, and of which version. */
export function maintenanceService(upstream: Upstream): MaintenanceServer {
  return {
    status: forward(
      upstream,
      ({ maintenance }, ...call) => maintenance.status(...call),
      () => undefined,
    ),
    snapshot: (call) => void call.emit('error', toStatus(new Denied('Maintenance.Snapshot'))),
    alarm: deny('Maintenance.Alarm'),
    defragment: deny('Maintenance.Defragment'),
    hash: deny('Maintenance.Hash'),
    hashKv: deny('Maintenance.HashKV'),
    moveLeader: deny('Maintenance.MoveLeader'),
    downgrade: deny('Maintenance.Downgrade'),
  };
}
