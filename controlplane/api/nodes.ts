import type { Logger } from 'pino';
import { type ClusterServer, type Node, NodeRole } from '../../proto/gen/micro/cluster/v1/cluster.ts';
import { formatAddress, parseTcpAddress } from '../../proto/channel/address.ts';
import { liveNodes } from '../cluster/presence.ts';
import type { ClusterNodes, NodeStatus } from '../cluster/roster.ts';
import { ControlPlaneError } from '../errors.ts';
import type { Mirror } from '../etcd/client/mirror.types.ts';
import { instancesPrefix } from '../runtime/keys.ts';
import { unaryHandler } from './status.ts';

export interface NodesApiOptions {
  readonly mirror: Mirror;
  /** Undefined for a node that is no part of a cluster of nodes. */
  readonly nodes: ClusterNodes | undefined;
  readonly log: Logger;
}

type NodeMethods = Pick<ClusterServer, 'listNodes' | 'addNode' | 'removeNode' | 'promoteNode'>;

/** Where etcd listens for other members when nothing else is said. */
const peerPort = 2380;

/** The part of `micro.cluster.v1` that is about nodes: what `micro nodes` asks for. */
export function nodesApi({ mirror, nodes, log }: NodesApiOptions): NodeMethods {
  const toNode = ({ name, address, peerUrl, role, state }: NodeStatus): Node => ({
    name,
    address: address || new URL(peerUrl).host,
    role,
    instances: instancesOf(mirror, name),
    up: 'version' in state,
    version: 'version' in state ? state.version : '',
    reason: 'reason' in state ? state.reason : '',
  });
  const cluster = (): ClusterNodes => {
    if (nodes !== undefined) return nodes;
    throw new ControlPlaneError(
      'failed',
      'this server is no node of a cluster: nodes are added to servers that were started with --nodes',
    );
  };
  return {
    listNodes: unaryHandler(log, async () => {
      if (nodes !== undefined) return { nodes: (await nodes.list()).map(toNode) };
      const alone = { role: NodeRole.NODE_ROLE_SINGLE, up: true, reason: '' };
      const live = liveNodes(mirror);
      return {
        nodes: live.map(({ node: name, address, version }) => {
          return { ...alone, name, address, version, instances: instancesOf(mirror, name) };
        }),
      };
    }),
    addNode: unaryHandler(log, async ({ address }) => {
      await cluster().add(`https://${readPeerAddress(address)}`);
      return {};
    }),
    removeNode: unaryHandler(log, async ({ node }) => ({ node: await cluster().remove(node) })),
    promoteNode: unaryHandler(log, async ({ node }) => ({ node: await cluster().promote(node) })),
  };
}

/** How many instances a node runs by what it says in the store. */
function instancesOf(mirror: Mirror, node: string): number {
  return node === '' ? 0 : mirror.list(instancesPrefix(node)).length;
}

function readPeerAddress(text: string): string {
  const withPort = /^[^:]+$|\]$/.test(text) ? `${text}:${peerPort}` : text;
  try {
    const address = parseTcpAddress(withPort);
    if (address.host !== '' && address.port !== 0) return formatAddress(address);
  } catch (error) {
    throw new ControlPlaneError('invalid', (error as TypeError).message, { cause: error });
  }
  throw new ControlPlaneError('invalid', `"${text}" is not where an etcd can be reached: write host or host:port`);
}
