import type { ClusterServer } from '../gen/rpc.ts';
import { headerOf, type ServiceOptions, unary, unimplemented } from './rpc.ts';

/** etcd's Cluster service, of a cluster with one member that stays alone. */
export function clusterService(
  options: ServiceOptions & { readonly clientUrls: () => readonly string[] },
): ClusterServer {
  const { store, log, clientUrls } = options;
  return {
    memberList: unary(log, () => ({
      header: headerOf(store),
      members: [
        { ID: store.identity.memberId, name: 'embedded', peerURLs: [], clientURLs: clientUrls(), isLearner: false },
      ],
    })),
    memberAdd: unimplemented('Cluster.MemberAdd'),
    memberRemove: unimplemented('Cluster.MemberRemove'),
    memberUpdate: unimplemented('Cluster.MemberUpdate'),
    memberPromote: unimplemented('Cluster.MemberPromote'),
  };
}
