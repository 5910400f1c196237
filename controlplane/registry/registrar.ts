import type { Etcd3 } from 'etcd3';
import type { Logger } from 'pino';
import { encodeRegistered } from './codec.ts';
import { keepAlive } from './keep-alive.ts';
import { instanceKey } from './keys.ts';
import { LeasedKey } from './leased-key.ts';
import type { Registrar } from './types.ts';
import { assertRegistrable } from './validate.ts';

export interface RegistrarOptions {
  readonly client: Etcd3;
  readonly log: Logger;
  /** How long an instance stays once nobody renews its lease, in seconds. Default 30. */
  readonly ttlSeconds?: number;
}

/** Starts a registrar; `stop()` ends renewing, so that what is still registered goes with its lease. */
export function startRegistrar(options: RegistrarOptions): Registrar & { stop(): Promise<void> } {
  const { client, log, ttlSeconds = 30 } = options;
  const stopping = new AbortController();
  const renewals = new Set<Promise<void>>();
  return {
    async register(registered) {
      assertRegistrable(registered);
      let value = encodeRegistered(registered);
      const key = new LeasedKey({ client, log, key: instanceKey(registered.name, registered.instance.id) });
      await key.hold(value, ttlSeconds);
      const ending = new AbortController();
      const signal = AbortSignal.any([stopping.signal, ending.signal]);
      const renewal = keepAlive(() => key.hold(value, ttlSeconds), { ttlSeconds, signal, log });
      renewals.add(renewal);
      void renewal.finally(() => renewals.delete(renewal));
      return {
        async update(changed) {
          assertRegistrable(changed);
          if (ending.signal.aborted) return;
          value = encodeRegistered(changed);
          await key.hold(value, ttlSeconds);
        },
        async deregister() {
          ending.abort();
          await renewal;
          return key.release();
        },
      };
    },
    async stop() {
      stopping.abort();
      await Promise.all(renewals);
    },
  };
}
