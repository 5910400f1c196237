import { Command, Option } from 'clipanion';
import { parseLocation } from '../../controlplane/runtime/source/location/parse.ts';
import { unary } from '../../proto/channel/client.ts';
import {
  type Deployment,
  RuntimeClient,
  type RunResponse,
  type StatusResponse,
  type UploadedSource,
} from '../../proto/gen/micro/runtime/v1/runtime.ts';
import type { Server } from '../client-command.ts';
import { OperationError } from '../errors.ts';
import type { Steps } from '../output/steps.ts';
import { describeRunning } from '../rollout.ts';
import { RolloutCommand } from '../rollout-command.ts';
import { exists, uploadSource } from '../source/source.ts';

export class UpdateCommand extends RolloutCommand {
  static override paths = [['update']];
  static override usage = Command.Usage({
    category: 'Services',
    description: 'bring a service to what its source is now',
    details: `
      The server fetches the newest commit of a git source; a folder is sent again from where it is. The service keeps its
      environment and the number of its instances, and the old version serves until the new one is ready. Where nothing has
      changed nothing is done.
    `,
    examples: [['The newest commit', 'micro update greeter']],
  });

  service = Option.String();
  #updatedUnixMs: bigint | undefined;

  protected override async begin(server: Server, steps: Steps): Promise<AsyncIterable<RunResponse>> {
    const client = server.client(RuntimeClient);
    const { deployments } = await unary<StatusResponse>((done) => client.status({ service: this.service }, done));
    const [deployment] = deployments;
    if (deployment === undefined) throw new OperationError('the server tells nothing of it: is it of another version?');
    this.#updatedUnixMs = deployment.updatedUnixMs;
    const uploaded = await this.#sendAgain(deployment, server, steps);
    return client.update({ service: deployment.service, uploaded });
  }

  protected override summary(server: Server, deployment: Deployment): Promise<string> {
    const isNews = deployment.updatedUnixMs !== this.#updatedUnixMs;
    return describeRunning(server, deployment, isNews ? 'is running' : 'is up to date');
  }

  /** Sends the folder that a service came from, where it did come from one. */
  async #sendAgain({ service, source }: Deployment, server: Server, steps: Steps): Promise<UploadedSource | undefined> {
    const location = parseLocation(source);
    if (location.type !== 'folder') return undefined;
    if (await exists(source)) return uploadSource(source, { server, environment: this.inherited().environment, steps });
    throw new OperationError(
      `the source of ${service} is ${source}, which is no folder of this machine; update it where it is, or name another ` +
        `source after 'micro kill ${service}'`,
    );
  }
}
