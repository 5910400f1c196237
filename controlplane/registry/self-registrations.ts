import type { Etcd3 } from 'etcd3';
import type { Logger } from 'pino';
import { ControlPlaneError } from '../errors.ts';
import { revokeLease } from '../etcd/client/lease.ts';
import { encodeRegistered } from './codec.ts';
import { instanceKey } from './keys.ts';
import { LeasedKey } from './leased-key.ts';
import type { RegistryView, SelfRegistrations } from './types.ts';
import { assertRegistrable } from './validate.ts';

export interface SelfRegistrationsOptions {
  readonly client: Etcd3;
  readonly view: RegistryView;
  readonly log: Logger;
}

const minTtlSeconds = 5;
const maxTtlSeconds = 3_600;

/** Keeps the leases of instances that register themselves; a lease that nobody renews is forgotten once it is over. */
export function startSelfRegistrations(options: SelfRegistrationsOptions): SelfRegistrations & { stop(): void } {
  const { client, view, log } = options;
  const held = new Map<string, { readonly leased: LeasedKey; readonly expiry: NodeJS.Timeout }>();

  const forget = (key: string): void => {
    clearTimeout(held.get(key)?.expiry);
    held.delete(key);
  };

  return {
    async register(registered, ttlSeconds) {
      const isAllowed = Number.isInteger(ttlSeconds) && ttlSeconds >= minTtlSeconds && ttlSeconds <= maxTtlSeconds;
      const allowed = `must be a whole number from ${minTtlSeconds} to ${maxTtlSeconds} seconds`;
      assertRegistrable(registered, isAllowed ? [] : [`the time to live, ${ttlSeconds}, ${allowed}`]);
      const value = encodeRegistered(registered);
      const key = instanceKey(registered.name, registered.instance.id);
      const leased = held.get(key)?.leased ?? new LeasedKey({ client, key, log });
      forget(key);
      held.set(key, { leased, expiry: setTimeout(() => held.delete(key), ttlSeconds * 1_000).unref() });
      await leased.hold(value, ttlSeconds);
    },
    async deregister(service, instanceId) {
      const keys = new Set([instanceKey(service, instanceId), ...view.keysOf(service, instanceId)]);
      const removed = await Promise.all(
        [...keys].map((key) => {
          forget(key);
          return removeKey(client, key);
        }),
      );
      if (removed.includes(true)) return;
      throw new ControlPlaneError('not-found', `service ${service} has no instance ${instanceId} in the registry`);
    },
    stop() {
      for (const key of held.keys()) forget(key);
    },
  };
}

/**
 * Deletes a key and ends its lease, unless other keys hang on it, so that whoever renews the lease learns that it is
 * gone. Returns whether there was such a key.
 */
async function removeKey(client: Etcd3, key: string): Promise<boolean> {
  const [deleted] = await client.delete().key(key).getPrevious();
  const lease = deleted?.lease ?? '0';
  if (lease !== '0') {
    const { keys } = await client.leaseClient.leaseTimeToLive({ ID: lease, keys: true });
    if (keys.length === 0) await revokeLease(client, lease);
  }
  return deleted !== undefined;
}
