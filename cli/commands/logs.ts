import { Command, Option } from 'clipanion';
import { LogStream, type LogsResponse, RuntimeClient } from '../../proto/gen/micro/runtime/v1/runtime.ts';
import { ClientCommand, type Server } from '../client-command.ts';
import { UsageError } from '../errors.ts';
import { LogLines } from '../output/log-line.ts';
import { isTerminal } from '../output/terminal.ts';
import { parseSince } from '../since.ts';

export class LogsCommand extends ClientCommand {
  static override paths = [['logs']];
  static override usage = Command.Usage({
    category: 'Services',
    description: 'show what a service printed',
    details: `
      What all instances printed, in the order of time. Each line has its time and instance in front. What the service wrote
      to stderr goes to stderr.
    `,
    examples: [
      ['The last 100 lines', 'micro logs greeter'],
      ['The last 10 lines, and all that follow', 'micro logs -f -n 10 greeter'],
      ['What one instance printed in the last ten minutes', 'micro logs greeter --instance 2 --since 10m'],
      ['What its builds printed', 'micro logs greeter --build'],
    ],
  });

  follow = Option.Boolean('-f,--follow', false, { description: 'keep showing what is printed from now on' });
  lines = Option.String('-n,--lines', {
    description: 'how many of the last lines to begin with (default: 100, and all with --since)',
  });
  since = Option.String('--since', {
    description: 'only what was printed since then: how long ago (10m, 2h, 3d), or a time (2026-11-24T10:00:00Z)',
  });
  instance = Option.String('--instance', { description: 'only what this instance prints: 2, or node-1/2' });
  build = Option.Boolean('--build', false, { description: 'what its builds printed, and not its instances' });
  service = Option.String();

  protected override async call(server: Server): Promise<void> {
    const { service, follow, instance = '', build } = this;
    const request = { service, follow, instance, build, ...readOptions(this) };
    const shown = new LogLines();
    for await (const response of server.client(RuntimeClient).logs(request)) {
      const line = response as LogsResponse;
      const output = line.stream === LogStream.LOG_STREAM_STDERR ? this.context.stderr : this.context.stdout;
      output.write(shown.show(line, isTerminal(output) && output.hasColors()));
    }
  }
}

/** @throws UsageError with every problem */
function readOptions({ lines, since, instance, build }: Pick<LogsCommand, 'lines' | 'since' | 'instance' | 'build'>) {
  const problems: string[] = [];
  if (lines !== undefined && !/^\d{1,6}$/.test(lines)) problems.push(`--lines: "${lines}" is not a number of lines`);
  if (build && instance !== undefined)
    problems.push('--build and --instance: a log is that of builds or of an instance');
  const sinceMs = since === undefined ? 0 : parseSince(since, Date.now());
  if (sinceMs === undefined) problems.push(`--since: "${since}" is neither a time ago such as 10m nor a time`);
  if (problems.length > 0) throw new UsageError(problems.join('\n  '));
  return { lines: lines === undefined ? undefined : Number(lines), sinceUnixMs: BigInt(sinceMs ?? 0) };
}
