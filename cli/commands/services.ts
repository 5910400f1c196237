import { Command, Option } from 'clipanion';
import { unary } from '../../proto/channel/client.ts';
import { type ListResponse, RegistryClient } from '../../proto/gen/micro/registry/v1/registry.ts';
import { ClientCommand, type Server } from '../client-command.ts';
import { json, table } from '../output/table.ts';

export class ServicesCommand extends ClientCommand {
  static override paths = [['services']];
  static override usage = Command.Usage({
    category: 'Services',
    description: 'list what is registered',
    details: 'Services that the runtime started and services that registered themselves, a line for each version.',
    examples: [
      ['All services', 'micro services'],
      ['All services, for a program', 'micro services --json'],
    ],
  });

  json = Option.Boolean('--json', false, { description: 'print a JSON array' });

  protected override async call(server: Server): Promise<void> {
    const registry = server.client(RegistryClient);
    const { services } = await unary<ListResponse>((done) => registry.list({}, done));
    if (this.json) return this.print(json(services));
    if (services.length === 0) return this.print('no service is registered');
    return this.print(
      table(
        services.map(({ name, version, instances }) => ({
          service: name,
          version,
          instances: String(instances.length),
          addresses: instances.map(({ address }) => address).join(' '),
        })),
      ),
    );
  }
}
