import { Command, Option } from 'clipanion';
import { unary } from '../../proto/channel/client.ts';
import { type ListResponse, RegistryClient, type Service } from '../../proto/gen/micro/registry/v1/registry.ts';
import { ClientCommand, type Server } from '../client-command.ts';
import { OperationError } from '../errors.ts';
import { json, table } from '../output/table.ts';

export class ServicesGetCommand extends ClientCommand {
  static override paths = [['services', 'get']];
  static override usage = Command.Usage({
    category: 'Services',
    description: 'show the instances and endpoints of one service',
    examples: [
      ['By its full name', 'micro services get go.micro.service.greeter'],
      ['By the end of its name', 'micro services get greeter'],
    ],
  });

  json = Option.Boolean('--json', false, { description: 'print a JSON array, an object for each version' });
  name = Option.String();

  protected override async call(server: Server): Promise<void> {
    const registry = server.client(RegistryClient);
    const { services } = await unary<ListResponse>((done) => registry.list({}, done));
    const versions = pick(services, this.name);
    if (this.json) return this.print(json(versions));
    for (const { name, version, instances, endpoints } of versions) {
      this.print(`${name} ${version}`);
      this.print(
        table(
          instances.map(({ id, address, metadata }) => ({
            instance: id,
            address,
            protocol: metadata['protocol'] ?? 'http',
          })),
        ),
      );
      if (endpoints.length > 0) this.print(`endpoints: ${endpoints.map((endpoint) => endpoint.name).join(', ')}`);
    }
  }
}

/** Every version of the one service of this name, in full or its end. */
function pick(services: readonly Service[], name: string): readonly Service[] {
  const exact = services.filter((service) => service.name === name);
  const found = exact.length > 0 ? exact : services.filter((service) => service.name.endsWith(`.${name}`));
  const names = [...new Set(found.map((service) => service.name))];
  if (names.length === 0) throw new OperationError(`no service ${name} is registered; 'micro services' lists what is`);
  if (names.length > 1) throw new OperationError(`${name} fits ${names.join(' and ')}: give the full name`);
  return found;
}
