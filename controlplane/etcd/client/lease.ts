import { EtcdLeaseInvalidError, type Etcd3 } from 'etcd3';
import { ControlPlaneError } from '../../errors.ts';
import { reasonOf } from './store-policy.ts';

/**
 * Grants a lease: what is put under it goes when nobody renews it for `ttlSeconds`. Returns its id.
 * https://etcd.io/docs/v3.6/learning/api/#lease-api
 *
 * @throws ControlPlaneError `unavailable` when the store does not answer
 */
export async function grantLease(client: Etcd3, ttlSeconds: number): Promise<string> {
  const { ID } = await client.leaseClient.leaseGrant({ TTL: ttlSeconds });
  return ID;
}

/**
 * Renews a lease once. Returns false when it has ended.
 *
 * `etcd3`'s own `keepaliveOnce` waits for ever when the stream ends without an answer.
 *
 * @param timeoutMs how long the store may take to answer
 * @throws ControlPlaneError `unavailable` when the store does not answer
 */
export async function renewLease(client: Etcd3, lease: string, timeoutMs: number): Promise<boolean> {
  const stream = await client.leaseClient.leaseKeepAlive({ deadline: Date.now() + timeoutMs });
  try {
    return await new Promise<boolean>((resolve, reject) => {
      stream.on('data', ({ TTL }) => resolve(TTL !== '0'));
      stream.on('end', () => reject(new Error('the store ended the stream')));
      stream.on('error', reject);
      stream.write({ ID: lease });
    });
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new ControlPlaneError('unavailable', `a lease could not be renewed: ${reasonOf(error)}`, { cause: error });
  } finally {
    stream.end();
  }
}

/**
 * Ends a lease, and with it the keys that were put under it; one that has ended already is no error.
 *
 * @throws ControlPlaneError `unavailable` when the store does not answer
 */
export async function revokeLease(client: Etcd3, lease: string): Promise<void> {
  try {
    await client.leaseClient.leaseRevoke({ ID: lease });
  } catch (error) {
    if (!(error instanceof EtcdLeaseInvalidError)) throw error;
  }
}
