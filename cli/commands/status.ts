import { Command, Option } from 'clipanion';
import { unary } from '../../proto/channel/client.ts';
import { RuntimeClient, type StatusResponse } from '../../proto/gen/micro/runtime/v1/runtime.ts';
import { ClientCommand, type Server } from '../client-command.ts';
import { deploymentJson, deploymentStatus } from '../output/deployment.ts';
import { json, table } from '../output/table.ts';
import { age } from '../output/time.ts';

export class StatusCommand extends ClientCommand {
  static override paths = [['status']];
  static override usage = Command.Usage({
    category: 'Services',
    description: 'show what runs, and how it does',
    examples: [
      ['Everything', 'micro status'],
      ['One service, for a program', 'micro status greeter --json'],
    ],
  });

  json = Option.Boolean('--json', false, { description: 'print a JSON array' });
  service = Option.String({ required: false });

  protected override async call(server: Server): Promise<void> {
    const runtime = server.client(RuntimeClient);
    const { deployments } = await unary<StatusResponse>((done) =>
      runtime.status({ service: this.service ?? '' }, done),
    );
    if (this.json) return this.print(json(deployments.map(deploymentJson)));
    if (deployments.length === 0) return this.print("nothing runs yet: start a service with 'micro run <source>'");
    return this.print(
      table(
        deployments.map((deployment) => ({
          service: deployment.service,
          version: deployment.version,
          status: deploymentStatus(deployment),
          restarts: String(deployment.instances.reduce((sum, { restarts }) => sum + restarts, 0)),
          updated: `${age(deployment.updatedUnixMs)} ago`,
          path: deployment.path,
          source: deployment.source,
        })),
      ),
    );
  }
}
