import { Command, Option } from 'clipanion';
import { RuntimeClient, type RunResponse } from '../../proto/gen/micro/runtime/v1/runtime.ts';
import type { Server } from '../client-command.ts';
import { RolloutCommand } from '../rollout-command.ts';

export class RollbackCommand extends RolloutCommand {
  static override paths = [['rollback']];
  static override usage = Command.Usage({
    category: 'Services',
    description: 'bring a service back to a version that ran before',
    details: `
      That is the version before, unless another one is named: micro status <service> lists those that are kept. Rolling back
      once more brings back what was rolled back. Where a version is on trial, the trial is ended and the other goes on.
    `,
    examples: [
      ['The version before', 'micro rollback greeter'],
      ['One that is kept', 'micro rollback greeter v1.4.0'],
    ],
  });

  service = Option.String();
  version = Option.String({ required: false });

  protected override async begin(server: Server): Promise<AsyncIterable<RunResponse>> {
    return server.client(RuntimeClient).rollback({ service: this.service, version: this.version ?? '' });
  }
}
