import { formatAddress } from '../proto/channel/address.ts';
import { type Deployment, type RunResponse, Step } from '../proto/gen/micro/runtime/v1/runtime.ts';
import { ClientCommand, type Server } from './client-command.ts';
import { entrypointUrl } from './entrypoint-url.ts';
import { showSteps, type Steps } from './output/steps.ts';

/** A command that changes what runs of a service: it shows the steps on the way there, and ends with what runs then. */
export abstract class RolloutCommand extends ClientCommand {
  /** Asks the server for it. The responses are those of Run, or of an RPC that answers in the same way. */
  protected abstract begin(server: Server, steps: Steps): Promise<AsyncIterable<RunResponse>>;

  protected override async call(server: Server): Promise<void> {
    const steps = showSteps(this.context.stderr);
    let deployment: Deployment | undefined;
    try {
      for await (const { event } of await this.begin(server, steps)) {
        if (event?.$case === 'step') steps.begin(stepNames[event.value.step] ?? '', event.value.detail);
        else if (event?.$case === 'output') steps.output(event.value);
        else deployment = event?.value;
      }
    } catch (error) {
      steps.end('failed');
      throw error;
    }
    steps.end('done');
    if (deployment !== undefined) this.print(await this.summary(server, deployment));
  }

  /** What is so in the end: "go.micro.service.greeter v2 is running: http://…". */
  protected async summary(server: Server, { service, version, path }: Deployment, is = 'is running'): Promise<string> {
    const outcome = `${service} ${version} ${is}`;
    if (path === '') return `${outcome}; call it through ${formatAddress(server.address)} (grpc)`;
    return `${outcome}: ${await entrypointUrl(server)}${path}`;
  }
}

const stepNames: Readonly<Partial<Record<Step, string>>> = {
  [Step.STEP_SOURCE]: 'source',
  [Step.STEP_BUNDLE]: 'bundle',
  [Step.STEP_BUILD]: 'build',
  [Step.STEP_START]: 'start',
  [Step.STEP_READY]: 'ready',
  [Step.STEP_ROUTED]: 'routed',
  [Step.STEP_STOP]: 'stop',
};
