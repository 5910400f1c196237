/** Where the desired state of each service is kept: this, then its full name. See ARCHITECTURE.md, State. */
export const deploymentsPrefix = '/micro/runtime/deployments/';

/** Where all nodes keep what they run: this, then `<node>/<service>/<number>`. */
export const allInstancesPrefix = '/micro/runtime/instances/';

/** Where a node keeps what it runs: this, then `<service>/<number>`. */
export function instancesPrefix(node: string): string {
  return `${allInstancesPrefix}${node}/`;
}
