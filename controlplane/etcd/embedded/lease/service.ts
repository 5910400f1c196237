import type { LeaseKeepAliveRequest, LeaseKeepAliveResponse, LeaseServer } from '../../gen/rpc.ts';
import { headerOf, type ServiceOptions, unary } from '../rpc.ts';
import type { Lessor } from './lessor.ts';

/** etcd's Lease service: https://etcd.io/docs/v3.6/learning/api/#lease-api */
export function leaseService({ store, log, lessor }: ServiceOptions & { readonly lessor: Lessor }): LeaseServer {
  return {
    leaseGrant: unary(log, async (request) => {
      const { id, ttl } = await lessor.grant(request.ID, request.TTL);
      return { header: headerOf(store), ID: id, TTL: ttl, error: '' };
    }),
    leaseRevoke: unary(log, async ({ ID }) => ({ header: headerOf(store, await lessor.revoke(ID)) })),
    leaseKeepAlive: (call) => {
      // A client that does not read its answers is not read from either.
      call.on('data', ({ ID }: LeaseKeepAliveRequest) => {
        const response: LeaseKeepAliveResponse = { header: headerOf(store), ID, TTL: lessor.renew(ID)?.ttl ?? 0n };
        if (!call.write(response)) call.pause();
      });
      call.on('drain', () => call.resume());
      call.on('end', () => call.end());
      // The client went away: nothing is left to do.
      call.on('error', () => undefined);
    },
    leaseTimeToLive: unary(log, ({ ID, keys }) => {
      const header = headerOf(store);
      const lease = lessor.find(ID);
      if (lease === undefined) return { header, ID, TTL: -1n, grantedTTL: 0n, keys: [] };
      return { header, ID, TTL: lease.remaining, grantedTTL: lease.ttl, keys: keys ? store.keysOfLease(ID) : [] };
    }),
    leaseLeases: unary(log, () => ({ header: headerOf(store), leases: lessor.ids().map((ID) => ({ ID })) })),
  };
}
