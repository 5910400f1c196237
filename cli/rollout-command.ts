import type { Deployment, RunResponse } from '../proto/gen/micro/runtime/v1/runtime.ts';
import { ClientCommand, type Server } from './client-command.ts';
import { showSteps, type Steps } from './output/steps.ts';
import { describeRunning, showRollout } from './rollout.ts';

/** A command that changes what runs of a service: it shows the steps on the way there, and ends with what runs then. */
export abstract class RolloutCommand extends ClientCommand {
  /** Asks the server for it, as `showRollout` has it. */
  protected abstract begin(server: Server, steps: Steps): Promise<AsyncIterable<RunResponse>>;

  protected override async call(server: Server): Promise<void> {
    const deployment = await showRollout((steps) => this.begin(server, steps), showSteps(this.context.stderr));
    if (deployment !== undefined) this.print(await this.summary(server, deployment));
  }

  /** What is so in the end. */
  protected async summary(server: Server, deployment: Deployment): Promise<string> {
    return describeRunning(server, deployment);
  }
}
