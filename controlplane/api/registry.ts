import type { Logger } from 'pino';
import type { RegistryServer } from '../../proto/gen/micro/registry/v1/registry.ts';
import { ControlPlaneError } from '../errors.ts';
import type { RegistryView, SelfRegistrations } from '../registry/types.ts';
import { unaryHandler } from './status.ts';

export interface RegistryServiceOptions {
  readonly view: RegistryView;
  readonly selfRegistrations: SelfRegistrations;
  readonly log: Logger;
}

/** What go-micro registers for when nobody says otherwise. */
const defaultTtlSeconds = 60;

/** The internal system `micro.registry.v1`: what `micro services` shows, and where instances register themselves. */
export function registryService({ view, selfRegistrations, log }: RegistryServiceOptions): RegistryServer {
  return {
    register: unaryHandler(log, async ({ service, version, metadata, endpoints, instance, ttlSeconds }) => {
      const registered = {
        name: service,
        version,
        metadata,
        endpoints,
        instance: instance ?? { id: '', address: '', metadata: {} },
      };
      await selfRegistrations.register(registered, ttlSeconds === 0 ? defaultTtlSeconds : ttlSeconds);
      return {};
    }),
    deregister: unaryHandler(log, async ({ service, instanceId }) => {
      await selfRegistrations.deregister(service, instanceId);
      return {};
    }),
    get: unaryHandler(log, ({ name }) => {
      const services = view.get(name);
      if (services.length > 0) return { services };
      throw new ControlPlaneError(
        'not-found',
        `no service ${JSON.stringify(name)} is registered: see "micro services"`,
      );
    }),
    list: (_call, done) => done(null, { services: view.list() }),
    watch(call) {
      const { name: wanted } = call.request;
      // What a slow reader has yet to be told are names: it gets each service as it stands when it can take it.
      const pending = new Set(wanted === '' ? view.list().map(({ name }) => name) : [wanted]);
      let ready = true;
      const send = (): void => {
        for (const name of pending) {
          if (!ready) return;
          pending.delete(name);
          ready = call.write({ name, services: view.get(name) });
        }
      };
      const unsubscribe = view.onChange(({ names }) => {
        for (const name of names) if (wanted === '' || wanted === name) pending.add(name);
        send();
      });
      call.on('drain', () => {
        ready = true;
        send();
      });
      call.on('close', unsubscribe);
      call.on('cancelled', unsubscribe);
      call.on('error', unsubscribe);
      send();
    },
  };
}
