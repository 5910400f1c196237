import { ControlPlaneError } from '../../errors.ts';
import type { Deployment } from './deployments.ts';

// A deployment is run by the node that took the command, whole, and its record names that node. So no two nodes ever run
// the same one: at a restart each restores its own, and a change of another's is refused. When placement decides which node
// runs which instance, it writes that next to the deployment, and what is asked here is asked of it.

/** Whether a node runs a deployment. A record without a node is from a server that was alone. */
export function isOwn({ node: owner }: Pick<Deployment, 'node'>, node: string): boolean {
  return owner === undefined || owner === node;
}

/** @throws ControlPlaneError `conflict` when another node runs it */
export function assertOwn(deployment: Pick<Deployment, 'node' | 'service'>, node: string): void {
  if (isOwn(deployment, node)) return;
  throw new ControlPlaneError(
    'conflict',
    `${deployment.service} is run by node ${deployment.node}: ask that node, with --server and its address`,
  );
}
