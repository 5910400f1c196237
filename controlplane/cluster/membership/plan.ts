import { createHmac, randomBytes } from 'node:crypto';
import type { DescribeResponse, Plan } from '../../../proto/gen/micro/nodes/v1/nodes.ts';

/** How etcd calls the member of a node: its name and address in one, so that both are known while the node is away. */
export function memberName({ node, address }: Pick<DescribeResponse, 'node' | 'address'>): string {
  return `${node}@${address}`;
}

/** The inverse of `memberName`; both are empty for a member that has never been started. */
export function readMemberName(name: string): { readonly node: string; readonly address: string } {
  const at = name.indexOf('@');
  return { node: name.slice(0, Math.max(at, 0)), address: name.slice(at + 1) };
}

/** The member of a node. */
export function memberOf(node: Pick<DescribeResponse, 'node' | 'address' | 'peerUrl'>) {
  return { name: memberName(node), peerUrl: node.peerUrl };
}

/**
 * Makes the plan of a new cluster. Its name follows from the cluster token, the nodes and chance: a cluster that is formed
 * once more after its data were removed is another one, and a member of the first that turns up takes no part in it.
 */
export function makePlan(
  nodes: readonly Pick<DescribeResponse, 'node' | 'address' | 'peerUrl'>[],
  clusterToken: string,
): Plan {
  const members = nodes.map(memberOf).toSorted((one, other) => (one.name < other.name ? -1 : 1));
  const parts = [randomBytes(16).toString('hex'), ...members.map(({ peerUrl }) => peerUrl)];
  return { clusterName: createHmac('sha256', clusterToken).update(parts.join('\n')).digest('base64url'), members };
}
