import { Command, Option } from 'clipanion';
import { unary } from '../../proto/channel/client.ts';
import { type ListResponse, RoutesClient } from '../../proto/gen/micro/routes/v1/routes.ts';
import { isInternalSystem } from '../../proto/internal-systems.ts';
import { ClientCommand, type Server } from '../client-command.ts';
import { OperationError } from '../errors.ts';
import { listRoutes } from '../output/routes.ts';
import { json, table } from '../output/table.ts';

export class RoutesListCommand extends ClientCommand {
  static override paths = [['routes', 'ls']];
  static override usage = Command.Usage({
    category: 'Server',
    description: 'list what leads where',
    details:
      'A line for each route and version: how a service is reached on the http and on the grpc entrypoint. Where versions share the calls of a service, their weight is in percent.',
    examples: [
      ['The routes to services', 'micro routes ls'],
      ['Those to internal systems too, for a program', 'micro routes ls --all --json'],
    ],
  });

  all = Option.Boolean('--all', false, { description: 'show the routes to internal systems too' });
  json = Option.Boolean('--json', false, { description: 'print a JSON array' });

  protected override async call(server: Server): Promise<void> {
    const client = server.client(RoutesClient);
    const { snapshot } = await unary<ListResponse>((done) => client.list({}, done));
    if (snapshot === undefined) throw new OperationError('the server sent no route table: is it of another version?');
    const routes = listRoutes(snapshot).filter(({ service }) => this.all || !isInternalSystem(service));
    if (this.json) return this.print(json(routes));
    if (routes.length === 0) return this.print("no routes yet: start a service with 'micro run <source>'");
    const isShared = routes.some(({ percent }) => percent > 0 && percent < 100);
    return this.print(
      table(
        routes.map(({ entrypoint, route, service, version, instances, percent }) => ({
          entrypoint,
          route,
          service,
          version,
          ...(isShared && { weight: `${percent}%` }),
          instances: instances.join(' ') || 'none',
        })),
      ),
    );
  }
}
