import { Command, Option } from 'clipanion';
import { formatAddress, parseTcpAddress } from '../../proto/channel/address.ts';
import { unary } from '../../proto/channel/client.ts';
import { ClusterClient, type HealthResponse } from '../../proto/gen/micro/cluster/v1/cluster.ts';
import { type Deployment, RuntimeClient, type RunResponse, Step } from '../../proto/gen/micro/runtime/v1/runtime.ts';
import { ClientCommand, type Server } from '../client-command.ts';
import { UsageError } from '../errors.ts';
import { showSteps } from '../output/steps.ts';
import { prepareSource } from '../source/source.ts';

export class RunCommand extends ClientCommand {
  static override paths = [['run']];
  static override usage = Command.Usage({
    category: 'Services',
    description: 'bring a source to a running, routed service',
    details: `
      The source is a folder, which is sent to the server; a git URL (https://, ssh://, git@host:path, file://) or
      host/owner/repository/folder, which the server fetches; or else a path in the services repository. Git sources may end
      in @branch, @tag or @commit, and name a folder in the repository of a URL after "//".

      Run it again to put a newer version in place: the old one serves until the new one is ready, and keeps serving if it
      never is.
    `,
    examples: [
      ['The service in this folder', 'micro run'],
      ['One in a git repository, at a tag', 'micro run github.com/micro/services/helloworld@v1'],
      ['One in the services repository', 'micro run helloworld/web'],
      ['Three copies, with a setting', 'micro run ./greeter --instances 3 --env GREETING=Hello'],
    ],
  });

  name = Option.String('--name', { description: 'name instead of the one that the source gives' });
  instances = Option.String('--instances', { description: 'how many copies run (default: 1)' });
  env = Option.Array('--env', [], { description: 'KEY=VALUE for the environment of the service; may be repeated' });
  source = Option.String({ required: false });

  protected override async call(server: Server): Promise<void> {
    const options = readOptions(this);
    const steps = showSteps(this.context.stderr);
    let deployment: Deployment | undefined;
    try {
      const { environment } = this.inherited();
      const source = await prepareSource(this.source ?? '.', { server, environment, steps });
      const request = { source, name: this.name ?? '', ...options };
      for await (const response of server.client(RuntimeClient).run(request)) {
        const { event } = response as RunResponse;
        if (event?.$case === 'step') steps.begin(stepNames[event.value.step] ?? '', event.value.detail);
        else if (event?.$case === 'output') steps.output(event.value);
        else deployment = event?.value;
      }
    } catch (error) {
      steps.end('failed');
      throw error;
    }
    steps.end('done');
    if (deployment !== undefined) this.print(await this.#summary(server, deployment));
  }

  async #summary(server: Server, { service, version, path }: Deployment): Promise<string> {
    const running = `${service} ${version} is running`;
    if (path === '') return `${running}; call it through ${formatAddress(server.address)} (grpc)`;
    const { dataPlanes } = await unary<HealthResponse>((done) => server.client(ClusterClient).health({}, done));
    const { host } = server.address;
    const [dataPlane] = dataPlanes;
    if (dataPlane === undefined) return `${running}: http://${host}${path}`;
    const { port } = parseTcpAddress(dataPlane.httpAddress);
    return `${running}: ${dataPlane.httpUsesTls ? 'https' : 'http'}://${formatAddress({ host, port })}${path}`;
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

/** @throws UsageError with every problem */
function readOptions({ instances, env }: { instances: string | undefined; env: readonly string[] }) {
  const problems: string[] = [];
  if (instances !== undefined && !/^[1-9]\d{0,2}$/.test(instances)) {
    problems.push(`--instances: "${instances}" is not a number from 1 to 999`);
  }
  const environment: Record<string, string> = {};
  for (const pair of env) {
    const [, key, value] = /^([A-Za-z_]\w*)=(.*)$/s.exec(pair) ?? [];
    // The value may be a secret: it is not repeated.
    if (key === undefined) problems.push(`--env: "${pair.split('=')[0]}" is not KEY=VALUE`);
    else environment[key] = value ?? '';
  }
  if (problems.length > 0) throw new UsageError(problems.join('\n  '));
  return { instances: Number(instances ?? 0), environment };
}
