import { Command, Option } from 'clipanion';
import { unary } from '../../proto/channel/client.ts';
import { type AddNodeResponse, ClusterClient } from '../../proto/gen/micro/cluster/v1/cluster.ts';
import { ClientCommand, type Server } from '../client-command.ts';

export class NodesAddCommand extends ClientCommand {
  static override paths = [['nodes', 'add']];
  static override usage = Command.Usage({
    category: 'Server',
    description: 'make room for a node that is started later',
    details: `
      A node that is started with --nodes and the cluster token is added by itself. This adds it before. The port is that of
      its etcd (--etcd-peer-port), 2380 when left out.
    `,
    examples: [['A fourth machine', 'micro nodes add 10.0.0.4']],
  });

  address = Option.String();

  protected override async call(server: Server): Promise<void> {
    const cluster = server.client(ClusterClient, { unaryDeadlineMs: changeMs });
    await unary<AddNodeResponse>((done) => cluster.addNode({ address: this.address }, done));
    this.print(`${this.address} is added: start it with --nodes and the cluster token, and it joins`);
  }
}

/** The last change has to settle before, and the majority to agree. */
export const changeMs = 15_000;
