import { Command, Option } from 'clipanion';
import { unary } from '../../proto/channel/client.ts';
import {
  ClusterClient,
  type ListNodesResponse,
  type Node,
  NodeRole,
} from '../../proto/gen/micro/cluster/v1/cluster.ts';
import { ClientCommand, type Server } from '../client-command.ts';
import { json, table } from '../output/table.ts';

export class NodesListCommand extends ClientCommand {
  static override paths = [['nodes', 'ls']];
  static override usage = Command.Usage({
    category: 'Server',
    description: 'list the nodes of the cluster',
    details: `
      The role is that of the node's etcd: one leads, members vote, a learner copies what they have until it votes too. It
      works without a quorum, and shows who is missing.
    `,
    examples: [['The nodes', 'micro nodes ls']],
  });

  json = Option.Boolean('--json', false, { description: 'print a JSON array' });

  protected override async call(server: Server): Promise<void> {
    const cluster = server.client(ClusterClient);
    const { nodes } = await unary<ListNodesResponse>((done) => cluster.listNodes({}, done));
    if (this.json) return this.print(json(nodes.map((node) => ({ ...node, role: roleOf(node) }))));
    return this.print(
      table(
        nodes.map((node) => ({
          name: node.name || '-',
          address: node.address || '-',
          role: roleOf(node),
          status: node.up ? 'up' : `down: ${node.reason}`,
          instances: String(node.instances),
          version: node.version || '-',
        })),
      ),
    );
  }
}

const roles: Readonly<Record<NodeRole, string>> = {
  [NodeRole.NODE_ROLE_UNSPECIFIED]: '-',
  [NodeRole.NODE_ROLE_SINGLE]: 'single',
  [NodeRole.NODE_ROLE_LEADER]: 'leader',
  [NodeRole.NODE_ROLE_MEMBER]: 'member',
  [NodeRole.NODE_ROLE_LEARNER]: 'learner',
  [NodeRole.UNRECOGNIZED]: '-',
};

function roleOf({ role }: Node): string {
  return roles[role];
}
