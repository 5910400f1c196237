import { Command, Option } from 'clipanion';
import { ClientCommand, type Server } from '../client-command.ts';
import { readEnvFile } from '../env-file.ts';
import { UsageError } from '../errors.ts';
import { showSteps } from '../output/steps.ts';
import { deploy, type Deploying, describeRunning } from '../run/deploy.ts';
import { follow } from '../run/follow.ts';
import { askServer, prepareSource } from '../source/source.ts';

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
      ['While it is being worked on', 'micro run ./greeter --watch'],
      ['With secrets, which stay out of the list of processes', 'micro run ./greeter --env-file greeter.env'],
    ],
  });

  name = Option.String('--name', { description: 'name instead of the one that the source gives' });
  instances = Option.String('--instances', { description: 'how many copies run (default: 1)' });
  env = Option.Array('--env', [], { description: 'KEY=VALUE for the environment of the service; may be repeated' });
  envFile = Option.Array('--env-file', [], {
    description: 'file of KEY=VALUE lines, for secrets; may be repeated, and --env goes before it',
  });
  watch = Option.Boolean('--watch', false, {
    description: 'follow the folder, and bring it up again after each change, until Ctrl-C',
  });
  source = Option.String({ required: false });

  protected override async call(server: Server): Promise<void> {
    const { environment } = this.inherited();
    const { source = '.', name = '' } = this;
    const deploying: Deploying = {
      server,
      prepare: (steps) => prepareSource(source, { server, environment, steps }),
      request: { name, ...(await readOptions(this)) },
    };
    if (this.watch) {
      // No change of the folder would mend that.
      await askServer(server);
      await follow(source, deploying, this.context);
    }
    const deployment = await deploy(deploying, showSteps(this.context.stderr));
    if (deployment !== undefined) this.print(await describeRunning(server, deployment));
  }
}

/** @throws UsageError with every problem */
async function readOptions(options: {
  readonly instances: string | undefined;
  readonly env: readonly string[];
  readonly envFile: readonly string[];
}) {
  const { instances, env, envFile } = options;
  const problems: string[] = [];
  if (instances !== undefined && !/^[1-9]\d{0,2}$/.test(instances)) {
    problems.push(`--instances: "${instances}" is not a number from 1 to 999`);
  }
  const environment: Record<string, string> = {};
  for (const path of envFile) {
    await readEnvFile(path).then(
      (variables) => Object.assign(environment, variables),
      (error: Error) => problems.push(`--env-file: ${path}: ${error.message}`),
    );
  }
  for (const pair of env) {
    const [, key, value] = /^([A-Za-z_]\w*)=(.*)$/s.exec(pair) ?? [];
    // The value may be a secret: it is not repeated.
    if (key === undefined) problems.push(`--env: "${pair.split('=')[0]}" is not KEY=VALUE`);
    else environment[key] = value ?? '';
  }
  if (problems.length > 0) throw new UsageError(problems.join('\n  '));
  return { instances: Number(instances ?? 0), environment };
}
