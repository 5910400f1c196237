import { Command, Option } from 'clipanion';
import { RuntimeClient, type RunRequest, type RunResponse } from '../../proto/gen/micro/runtime/v1/runtime.ts';
import type { Server } from '../client-command.ts';
import { readEnvFile } from '../env-file.ts';
import { UsageError } from '../errors.ts';
import type { Steps } from '../output/steps.ts';
import { RolloutCommand } from '../rollout-command.ts';
import { follow } from '../run/follow.ts';
import { askServer, prepareSource } from '../source/source.ts';

export class RunCommand extends RolloutCommand {
  static override paths = [['run']];
  static override usage = Command.Usage({
    category: 'Services',
    description: 'bring a source to a running, routed service',
    details: `
      The source is a folder, which is sent to the server; a git URL (https://, ssh://, git@host:path, file://) or
      host/owner/repository/folder, which the server fetches; or else a path in the services repository. Git sources may end
      in @branch, @tag or @commit, and name a folder in the repository of a URL after "//".

      Run it again to put a newer version in place: the old one serves until the new one is ready, and keeps serving if it
      never is. With --weight it is on trial: both run, and the new one gets that percentage of the calls until micro promote
      puts it in place or micro rollback ends it.
    `,
    examples: [
      ['The service in this folder', 'micro run'],
      ['One in a git repository, at a tag', 'micro run github.com/micro/services/helloworld@v1'],
      ['One in the services repository', 'micro run helloworld/web'],
      ['Three copies, with a setting', 'micro run ./greeter --instances 3 --env GREETING=Hello'],
      ['While it is being worked on', 'micro run ./greeter --watch'],
      ['A new version beside the old one, with a tenth of the calls', 'micro run ./greeter --weight 10'],
      ['With secrets, which stay out of the list of processes', 'micro run ./greeter --env-file greeter.env'],
    ],
  });

  name = Option.String('--name', { description: 'name instead of the one that the source gives' });
  instances = Option.String('--instances', { description: 'how many copies run (default: 1)' });
  env = Option.Array('--env', [], { description: 'KEY=VALUE for the environment of the service; may be repeated' });
  envFile = Option.Array('--env-file', [], {
    description: 'file of KEY=VALUE lines, for secrets; may be repeated, and --env goes before it',
  });
  weight = Option.String('--weight', { description: 'percent of the calls, for a trial beside what runs' });
  watch = Option.Boolean('--watch', false, {
    description: 'follow the folder, and bring it up again after each change, until Ctrl-C',
  });
  source = Option.String({ required: false });

  protected override async call(server: Server): Promise<void> {
    if (!this.watch) {
      await super.call(server);
      return;
    }
    const begin = await this.beginWith(server);
    // No change of the folder would mend that.
    await askServer(server);
    await follow(this.source ?? '.', { server, prepare: (steps) => this.prepare(server, steps), begin }, this.context);
  }

  protected override async begin(server: Server, steps: Steps): Promise<AsyncIterable<RunResponse>> {
    const begin = await this.beginWith(server);
    return begin(await this.prepare(server, steps));
  }

  private prepare(server: Server, steps: Steps): Promise<RunRequest['source']> {
    const { environment } = this.inherited();
    return prepareSource(this.source ?? '.', { server, environment, steps });
  }

  private async beginWith(server: Server): Promise<(source: RunRequest['source']) => AsyncIterable<RunResponse>> {
    const options = await readOptions(this);
    return (source) => server.client(RuntimeClient).run({ source, name: this.name ?? '', ...options });
  }
}

/** @throws UsageError with every problem */
async function readOptions(options: {
  readonly instances: string | undefined;
  readonly weight: string | undefined;
  readonly env: readonly string[];
  readonly envFile: readonly string[];
}) {
  const { instances, weight, env, envFile } = options;
  const problems: string[] = [];
  if (instances !== undefined && !/^[1-9]\d{0,2}$/.test(instances)) {
    problems.push(`--instances: "${instances}" is not a number from 1 to 999`);
  }
  if (weight !== undefined && !/^[1-9]\d?$/.test(weight)) {
    problems.push(`--weight: "${weight}" is not a number from 1 to 99: percent of the calls`);
  }
  if (weight !== undefined && instances !== undefined) {
    problems.push('--instances: how many a version on trial has follows from its --weight; leave one of them out');
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
  const percent = weight === undefined ? undefined : Number(weight);
  return { instances: Number(instances ?? 0), environment, percent };
}
