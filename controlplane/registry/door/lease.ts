import { Metadata, type ServiceError } from '@grpc/grpc-js';
import type { LeaseKeepAliveRequest, LeaseServer, LeaseTimeToLiveResponse } from '../../etcd/gen/rpc.ts';
import { Denied, mayWriteAll } from './access.ts';
import { deny, forward, metadataOf, passBack, toStatus } from './forward.ts';
import type { Upstream } from './upstream.ts';

/** How long etcd may take to tell the keys of a lease, in milliseconds. */
const lookUpMs = 5_000;

/** etcd's Lease service, for leases that hold nothing but keys that the door lets its clients write. */
export function leaseService(upstream: Upstream): LeaseServer {
  const check = async ({ ID }: { readonly ID: bigint }): Promise<void> => {
    if (!mayWriteAll(await keysOf(upstream, ID))) throw new Denied('a lease that holds other keys');
  };
  return {
    leaseGrant: forward(
      upstream,
      ({ lease }, ...call) => lease.leaseGrant(...call),
      () => undefined,
    ),
    leaseRevoke: forward(upstream, ({ lease }, ...call) => lease.leaseRevoke(...call), check),
    leaseTimeToLive: forward(upstream, ({ lease }, ...call) => lease.leaseTimeToLive(...call), check),
    leaseKeepAlive: (call) => {
      const { endpoint } = upstream;
      const forwarded = endpoint.lease.leaseKeepAlive(metadataOf(call.metadata));
      passBack(forwarded, call, { end: (code) => upstream.ended(endpoint, code) });
      call.on('data', (request: LeaseKeepAliveRequest) => {
        // One after another: nothing piles up, and answers come in the order of the requests.
        call.pause();
        check(request).then(
          () => {
            if (forwarded.write(request)) call.resume();
          },
          (error: unknown) => call.emit('error', toStatus(error)),
        );
      });
      forwarded.on('drain', () => call.resume());
    },
    leaseLeases: deny('Lease.LeaseLeases'),
  };
}

function keysOf(upstream: Upstream, ID: bigint): Promise<readonly Buffer[]> {
  const { endpoint } = upstream;
  return new Promise((resolve, reject) => {
    const done = (error: ServiceError | null, response: LeaseTimeToLiveResponse): void => {
      if (error === null) return resolve(response.keys);
      upstream.ended(endpoint, error.code);
      reject(error);
    };
    const options = { deadline: Date.now() + lookUpMs };
    endpoint.lease.leaseTimeToLive({ ID, keys: true }, new Metadata(), options, done);
  });
}
