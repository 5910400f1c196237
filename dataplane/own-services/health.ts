import { type ServerWritableStream, status } from '@grpc/grpc-js';
import {
  type HealthCheckRequest,
  type HealthCheckResponse,
  HealthCheckResponse_ServingStatus as Serving,
  type HealthServer,
} from '../../proto/gen/grpc/health/v1/health.ts';
import { serviceNamed } from '../routes/grpc.ts';
import type { RoutedService, RouteTable } from '../routes/table.ts';
import { Watcher } from './watcher.ts';

/** Each costs a lookup with every update of the route table. */
const maxWatchers = 1_000;

/** More than that is not a listing to act on, and would not fit what clients take in one message. */
const maxListed = 10_000;

/**
 * gRPC's health service, told from the route table: https://github.com/grpc/grpc/blob/master/doc/health-checking.md
 *
 * "" is this data plane, which serves while it has a route table and does not drain. A service is named in full, or
 * in short under a namespace, and serves while it has a live instance.
 */
export class Health {
  readonly #table: () => RouteTable | undefined;
  readonly #watchers = new Set<Watcher>();
  #isDraining = false;

  constructor(table: () => RouteTable | undefined) {
    this.#table = table;
  }

  readonly service: HealthServer = {
    check: ({ request }, answer) => {
      const serving = this.#statusOf(request.service);
      if (serving !== undefined) answer(null, { status: serving });
      else if (this.#table()) answer({ code: status.NOT_FOUND, details: `no service is named ${request.service}` });
      else answer({ code: status.UNAVAILABLE, details: 'there is no route table yet: no control plane has sent one' });
    },
    watch: (call) => this.#watch(call),
    list: (_call, answer) => {
      const services = [...(this.#table()?.services ?? [])];
      if (services.length > maxListed) {
        const details = `there are ${services.length} services, and at most ${maxListed} are listed: check them by name`;
        answer({ code: status.RESOURCE_EXHAUSTED, details });
        return;
      }
      const statuses = services.map((service) => [service.name, { status: statusOfService(service) }]);
      answer(null, { statuses: { '': { status: this.#ownStatus() }, ...Object.fromEntries(statuses) } });
    },
  };

  /** To be called after each update of the route table. */
  tableChanged(): void {
    for (const watcher of this.#watchers) watcher.tell(this.#watchedStatusOf(watcher.service));
  }

  /** This data plane serves no more from now on, for those who ask. */
  drain(): void {
    this.#isDraining = true;
    this.tableChanged();
  }

  /** Ends the calls of those who watch: by themselves they do not. They are to watch another data plane. */
  endWatches(): void {
    for (const watcher of this.#watchers) watcher.end(status.UNAVAILABLE, 'this data plane stops');
  }

  #watch(call: ServerWritableStream<HealthCheckRequest, HealthCheckResponse>): void {
    const watcher = new Watcher(call);
    if (this.#watchers.size >= maxWatchers) {
      watcher.end(status.RESOURCE_EXHAUSTED, `${maxWatchers} calls watch already: call Check instead`);
      return;
    }
    this.#watchers.add(watcher);
    call.once('close', () => this.#watchers.delete(watcher));
    watcher.tell(this.#watchedStatusOf(watcher.service));
  }

  #watchedStatusOf(name: string): Serving {
    return this.#statusOf(name) ?? Serving.SERVICE_UNKNOWN;
  }

  #statusOf(name: string): Serving | undefined {
    if (name === '') return this.#ownStatus();
    const table = this.#table();
    const service = table && serviceNamed(table, name);
    return service && statusOfService(service);
  }

  #ownStatus(): Serving {
    return this.#table() && !this.#isDraining ? Serving.SERVING : Serving.NOT_SERVING;
  }
}

function statusOfService({ pickers }: RoutedService): Serving {
  return pickers.any.instances.length > 0 ? Serving.SERVING : Serving.NOT_SERVING;
}
