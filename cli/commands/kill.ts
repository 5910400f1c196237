import { Command, Option } from 'clipanion';
import { unary } from '../../proto/channel/client.ts';
import { type KillResponse, RuntimeClient } from '../../proto/gen/micro/runtime/v1/runtime.ts';
import { ClientCommand, type Server } from '../client-command.ts';

export class KillCommand extends ClientCommand {
  static override paths = [['kill']];
  static override usage = Command.Usage({
    category: 'Services',
    description: 'stop a service and forget its deployment',
    details: 'Calls in flight are finished first. The service is named in full or, where that fits only one, in short.',
    examples: [['Stop the greeter', 'micro kill greeter']],
  });

  service = Option.String();

  protected override async call(server: Server): Promise<void> {
    // A service has time to finish its calls before it is ended.
    const runtime = server.client(RuntimeClient, { unaryDeadlineMs: 60_000 });
    const { service } = await unary<KillResponse>((done) => runtime.kill({ service: this.service }, done));
    this.print(`${service} is stopped`);
  }
}
