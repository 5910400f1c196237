import { Command, Option } from 'clipanion';
import { unary } from '../../proto/channel/client.ts';
import { type KillResponse, RuntimeClient } from '../../proto/gen/micro/runtime/v1/runtime.ts';
import { showSteps } from '../output/steps.ts';
import { longestInstanceDrainMs } from '../settings/settings.ts';
import { ClientCommand, type Server } from '../client-command.ts';

/** Most services are stopped, and names that are wrong refused, before anybody wonders. */
const saysWhyAfterMs = 1_000;

export class KillCommand extends ClientCommand {
  static override paths = [['kill']];
  static override usage = Command.Usage({
    category: 'Services',
    description: 'stop a service and forget its deployment',
    details: `
      It gets no new calls, and is told to stop when those in flight are done, or when the time is up that the server gives
      them (--instance-drain). The service is named in full or, where that fits only one, in short.
    `,
    examples: [['Stop the greeter', 'micro kill greeter']],
  });

  service = Option.String();

  protected override async call(server: Server): Promise<void> {
    // First its calls finish, then it puts its things in order.
    const runtime = server.client(RuntimeClient, { unaryDeadlineMs: longestInstanceDrainMs + 60_000 });
    const steps = showSteps(this.context.stderr);
    const timer = setTimeout(
      () => steps.begin('stop', `${this.service}, once its calls in flight are done`),
      saysWhyAfterMs,
    );
    try {
      const { service } = await unary<KillResponse>((done) => runtime.kill({ service: this.service }, done));
      steps.end('done');
      this.print(`${service} is stopped`);
    } catch (error) {
      steps.end('failed');
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }
}
