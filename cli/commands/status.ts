import { Command, Option } from 'clipanion';
import { unary } from '../../proto/channel/client.ts';
import { type Deployment, RuntimeClient, type StatusResponse } from '../../proto/gen/micro/runtime/v1/runtime.ts';
import { ClientCommand, type Server } from '../client-command.ts';
import { entrypointUrl } from '../entrypoint-url.ts';
import { deploymentJson, deploymentRows, describeLastEnd, instanceRow } from '../output/deployment.ts';
import { json, table } from '../output/table.ts';

export class StatusCommand extends ClientCommand {
  static override paths = [['status']];
  static override usage = Command.Usage({
    category: 'Services',
    description: 'show what runs, and how it does',
    details: `
      CPU is that of one core, averaged since it was last asked for, over a minute at most. Of one service, each instance is
      shown too, and what those that ended by themselves printed last.
    `,
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
    const entrypoint = deployments.some(({ path }) => path !== '') ? await entrypointUrl(server) : '';
    const urlOf = ({ path }: Deployment): string => (path === '' ? '' : `${entrypoint}${path}`);
    if (this.json) return this.print(json(deployments.map((each) => deploymentJson(each, urlOf(each)))));
    if (deployments.length === 0) return this.print("nothing runs yet: start a service with 'micro run <source>'");
    this.print(table(deploymentRows(deployments, urlOf)));
    if (this.service === undefined) return;
    for (const { instances, trouble, keptVersions } of deployments) {
      if (trouble.includes('\n')) this.print(`\n${trouble}`);
      if (instances.length > 0) this.print(`\n${table(instances.map(instanceRow))}`);
      for (const end of instances.flatMap((instance) => describeLastEnd(instance) ?? [])) this.print(`\n${end}`);
      if (keptVersions.length > 0) this.print(`\nkept for micro rollback: ${keptVersions.join(', ')}`);
    }
  }
}
