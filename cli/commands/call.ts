import { text } from 'node:stream/consumers';
import { Command, Option } from 'clipanion';
import { isInternalSystem } from '../../proto/internal-systems.ts';
import { readMetadata } from '../call/metadata.ts';
import { ClientCommand, type Server } from '../client-command.ts';
import { UsageError } from '../errors.ts';
import { duration } from '../settings/duration.ts';

export class CallCommand extends ClientCommand {
  static override paths = [['call']];
  static override usage = Command.Usage({
    category: 'Services',
    description: 'call a method of a gRPC service',
    details: `
      The service is named in full or in short, the endpoint as Service.Method or package.Service/Method. What its messages
      look like is asked of the service by gRPC reflection, or read from --proto. Without either it is sent JSON, as
      go-micro and Connect take it; it has to be named in full then.

      Request and answers are JSON, an answer a line. The request is {} when left out, and read from stdin for "-".

      An error that the service answers goes to stderr as JSON: {"id","code","detail","status"}.
    `,
    examples: [
      ['One call', `micro call greeter Say.Hello '{"name":"Ada"}'`],
      ['Of a service without reflection', `micro call greeter Say.Hello '{"name":"Ada"}' --proto greeter.proto`],
      ['With the request of a file, and metadata', 'micro call greeter Say.Hello - --metadata tenant=acme < ada.json'],
      ['Of an internal system, with the control token', 'micro call micro.routes.v1 Routes.List'],
    ],
  });

  proto = Option.String('--proto', { description: 'the .proto file of the service, instead of reflection' });
  include = Option.Array('--include', [], { description: 'folder with what that file imports; may be repeated' });
  metadata = Option.Array('--metadata', [], { description: 'KEY=VALUE that goes with the call; may be repeated' });
  timeout = Option.String('--timeout', {
    description: 'how long the call may take, such as 30s (default: 5s, and without end for a stream of answers)',
  });
  service = Option.String();
  endpoint = Option.String();
  request = Option.String({ required: false });

  // A service gets what its caller gives it, and no key to the server.
  protected override needsToken(): boolean {
    return isInternalSystem(this.service);
  }

  protected override async call(server: Server): Promise<void> {
    const { service, endpoint, proto, include: includes, request = '{}' } = this;
    const options = {
      service,
      endpoint,
      metadata: readMetadata(this.metadata),
      timeoutMs: readTimeout(this.timeout),
      proto: proto === undefined ? undefined : { path: proto, includes },
      request: () => (request === '-' ? text(this.context.stdin) : Promise.resolve(request)),
      onAnswer: (json: string) => this.print(json),
    };
    // Loaded here: no other command has a use for descriptors.
    const { call } = await import('../call/call.ts');
    await call(server, options);
  }
}

/** @throws UsageError */
function readTimeout(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const { data, success, error } = duration.safeParse(text);
  if (success) return data;
  throw new UsageError(`--timeout: ${error.issues.map(({ message }) => message).join(', ')}`);
}
