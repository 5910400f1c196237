import { Command, Option } from 'clipanion';
import { unary } from '../../proto/channel/client.ts';
import { ClusterClient, type RemoveNodeResponse } from '../../proto/gen/micro/cluster/v1/cluster.ts';
import { ClientCommand, type Server } from '../client-command.ts';
import { changeMs } from './nodes-add.ts';

export class NodesRemoveCommand extends ClientCommand {
  static override paths = [['nodes', 'remove']];
  static override usage = Command.Usage({
    category: 'Server',
    description: 'take a node out of the cluster for good',
    details: `
      It ends when it learns of that, and does not come back with the data it has. To replace a machine that is lost, start
      the new one with the same --address: the old one is removed by that.
    `,
    examples: [['By its name', 'micro nodes remove web-3-4f1a']],
  });

  node = Option.String();

  protected override async call(server: Server): Promise<void> {
    const cluster = server.client(ClusterClient, { unaryDeadlineMs: changeMs });
    const { node } = await unary<RemoveNodeResponse>((done) => cluster.removeNode({ node: this.node }, done));
    this.print(`${node} is removed`);
  }
}
