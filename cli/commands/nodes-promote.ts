import { Command, Option } from 'clipanion';
import { unary } from '../../proto/channel/client.ts';
import { ClusterClient, type PromoteNodeResponse } from '../../proto/gen/micro/cluster/v1/cluster.ts';
import { ClientCommand, type Server } from '../client-command.ts';
import { changeMs } from './nodes-add.ts';

export class NodesPromoteCommand extends ClientCommand {
  static override paths = [['nodes', 'promote']];
  static override usage = Command.Usage({
    category: 'Server',
    description: 'let a learner vote',
    details: 'A node that joins asks for that itself, as soon as it has caught up.',
    examples: [['By its name', 'micro nodes promote web-4-77c2']],
  });

  node = Option.String();

  protected override async call(server: Server): Promise<void> {
    const cluster = server.client(ClusterClient, { unaryDeadlineMs: changeMs });
    const { node } = await unary<PromoteNodeResponse>((done) => cluster.promoteNode({ node: this.node }, done));
    this.print(`${node} votes`);
  }
}
