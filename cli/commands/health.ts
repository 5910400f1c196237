import { Command, Option } from 'clipanion';
import { unary } from '../../proto/channel/client.ts';
import { ClusterClient, type HealthResponse, type Store, StoreMode } from '../../proto/gen/micro/cluster/v1/cluster.ts';
import { ClientCommand, type Server } from '../client-command.ts';
import { OperationError } from '../errors.ts';
import { json, table } from '../output/table.ts';
import { age, isoTime } from '../output/time.ts';

export class HealthCommand extends ClientCommand {
  static override paths = [['health']];
  static override usage = Command.Usage({
    category: 'Server',
    description: 'show how the server does, part by part',
    details: 'Ends with 1 when a part is not well.',
    examples: [
      ['The server on this machine', 'micro health'],
      ['Another server', 'micro health --server 10.0.0.5:8081'],
    ],
  });

  json = Option.Boolean('--json', false, { description: 'print a JSON object' });

  protected override async call(server: Server): Promise<void> {
    const cluster = server.client(ClusterClient);
    const health = await unary<HealthResponse>((done) => cluster.health({}, done));
    if (this.json) this.print(json(healthJson(health)));
    else this.#show(health);

    const { store, dataPlanes } = health;
    const ill = dataPlanes.filter(({ nackReason }) => nackReason !== '').map(({ name }) => `data plane ${name}`);
    if (store?.reachable !== true) ill.unshift('the store');
    if (ill.length > 0) throw new OperationError(`not well: ${ill.join(', ')}`);
  }

  #show({ node, version, startedUnixMs, store, routes, dataPlanes }: HealthResponse): void {
    this.print(`node    ${node}, micro server ${version}, up ${age(startedUnixMs)}`);
    this.print(`store   ${storeMode(store)}, ${store?.reachable ? `revision ${store.revision}` : store?.reason}`);
    this.print(`routes  ${routes?.services} services, ${routes?.instances} instances, revision ${routes?.revision}`);
    this.print('');
    this.print(
      table(
        dataPlanes.map(({ name, httpAddress, revision, nackReason }) => ({
          'data plane': name,
          http: httpAddress,
          revision: String(revision),
          status: nackReason === '' ? 'in step' : `refused an update: ${nackReason}`,
        })),
      ),
    );
  }
}

function healthJson({ startedUnixMs, store, ...rest }: HealthResponse) {
  return { ...rest, started: isoTime(startedUnixMs), store: { ...store, mode: storeMode(store) } };
}

function storeMode(store: Store | undefined): string {
  if (store?.mode === StoreMode.STORE_MODE_MANAGED) return 'etcd of the cluster';
  return store?.mode === StoreMode.STORE_MODE_EXTERNAL ? 'external etcd' : 'embedded etcd';
}
