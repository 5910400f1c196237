import { Command, Option } from 'clipanion';
import { RuntimeClient, type RunResponse } from '../../proto/gen/micro/runtime/v1/runtime.ts';
import type { Server } from '../client-command.ts';
import { RolloutCommand } from '../rollout-command.ts';

export class PromoteCommand extends RolloutCommand {
  static override paths = [['promote']];
  static override usage = Command.Usage({
    category: 'Services',
    description: 'give all calls to the version that is on trial',
    details: `
      A trial begins with micro run --weight. The instances of the new version stay and more are started beside them, as many
      as the old version has; that one is stopped once its calls in flight are done.
    `,
    examples: [['End the trial for good', 'micro promote greeter']],
  });

  service = Option.String();

  protected override async begin(server: Server): Promise<AsyncIterable<RunResponse>> {
    return server.client(RuntimeClient).promote({ service: this.service });
  }
}
