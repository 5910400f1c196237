import { Command, Option } from 'clipanion';
import { LogStream, type LogsResponse, RuntimeClient } from '../../proto/gen/micro/runtime/v1/runtime.ts';
import { ClientCommand, type Server } from '../client-command.ts';
import { UsageError } from '../errors.ts';
import { isoTime } from '../output/time.ts';

export class LogsCommand extends ClientCommand {
  static override paths = [['logs']];
  static override usage = Command.Usage({
    category: 'Services',
    description: 'show what a service printed',
    details: 'Each line has its time and instance in front. What the service wrote to stderr goes to stderr.',
    examples: [
      ['The last 100 lines', 'micro logs greeter'],
      ['The last 10 lines, and all that follow', 'micro logs -f -n 10 greeter'],
    ],
  });

  follow = Option.Boolean('-f,--follow', false, { description: 'keep showing what is printed from now on' });
  lines = Option.String('-n,--lines', '100', {
    description: 'how many of the last lines to begin with (default: 100)',
  });
  service = Option.String();

  protected override async call(server: Server): Promise<void> {
    if (!/^\d{1,6}$/.test(this.lines)) throw new UsageError(`--lines: "${this.lines}" is not a number of lines`);
    const { service, follow } = this;
    const stream = server.client(RuntimeClient).logs({ service, follow, lines: Number(this.lines) });
    for await (const response of stream) {
      const { instance, timeUnixMs, stream: from, line } = response as LogsResponse;
      const output = from === LogStream.LOG_STREAM_STDERR ? this.context.stderr : this.context.stdout;
      output.write(`${isoTime(timeUnixMs)} ${instance} ${line}\n`);
    }
  }
}
