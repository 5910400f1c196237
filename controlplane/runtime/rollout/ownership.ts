import { ControlPlaneError } from '../../errors.ts';
import type { Deployment } from './deployments.ts';

// In a cluster a deployment is run, whole, by the node that took the command, and its record names that node. So no two
// nodes ever run the same one: at a restart each restores its own, and changes of what another one runs are refused. When
// placement decides which node runs which instance, it writes that next to the deployment, and what is asked here is asked
// of it.

export interface OwnershipOptions {
  /** Name of this node. */
  readonly node: string;
  /** Names of the nodes of the cluster; undefined for a server that is alone, whose all deployments are. */
  readonly clusterNodes: (() => Promise<readonly string[]>) | undefined;
}

type Owned = Pick<Deployment, 'node' | 'service'>;

/** Which node runs a deployment. */
export class Ownership {
  readonly #options: OwnershipOptions;

  constructor(options: OwnershipOptions) {
    this.#options = options;
  }

  isOwn({ node: owner }: Owned): boolean {
    const { node, clusterNodes } = this.#options;
    return clusterNodes === undefined || owner === node;
  }

  /** Why nothing of a deployment runs here, where that is another node's to do. */
  troubleOf(deployment: Owned): string | undefined {
    if (this.isOwn(deployment)) return undefined;
    return `it is run by node ${deployment.node ?? 'none'}: ask there, or run it again if that node was removed`;
  }

  /**
   * Makes sure that this node may run a deployment, or end it: no other one does. A node that was removed from the cluster
   * ends what it runs when it learns of that.
   *
   * @throws ControlPlaneError `conflict` when another node runs it
   */
  async assertFree(deployment: Owned): Promise<void> {
    const owner = this.isOwn(deployment) ? undefined : deployment.node;
    const nodes = owner === undefined ? [] : await this.#options.clusterNodes?.();
    if (owner === undefined || nodes?.includes(owner) !== true) return;
    throw new ControlPlaneError(
      'conflict',
      `${deployment.service} is run by node ${owner}: ask that node, with --server and its address`,
    );
  }
}
