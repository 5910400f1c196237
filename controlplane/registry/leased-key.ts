import type { Etcd3 } from 'etcd3';
import type { Logger } from 'pino';
import { grantLease, renewLease, revokeLease } from '../etcd/client/lease.ts';

export interface LeasedKeyOptions {
  readonly client: Etcd3;
  readonly key: string;
  readonly log: Logger;
}

interface Lease {
  readonly id: string;
  readonly ttlSeconds: number;
}

/** How long the store may take to renew a lease, in milliseconds. */
const renewTimeoutMs = 5_000;

/**
 * One key of the store under a lease of its own. What is asked of it is done in the order in which it was asked.
 *
 *     nothing ──hold──▶ lease ──put──▶ written ──hold──▶ lease renewed; put again only if the value differs
 *                         ▲                 │
 *                         └── lease ended ──┘
 */
export class LeasedKey {
  readonly #options: LeasedKeyOptions;
  #lease: Lease | undefined;
  /** What was last put under the present lease. */
  #value: Buffer | undefined;
  #revision = 0n;
  #lastTask: Promise<unknown> = Promise.resolve();

  constructor(options: LeasedKeyOptions) {
    this.#options = options;
  }

  /**
   * Makes sure that the key has this value for the next `ttlSeconds`.
   *
   * @throws ControlPlaneError `unavailable` when the store does not answer; call again
   */
  hold(value: Buffer, ttlSeconds: number): Promise<void> {
    return this.#inOrder(async () => {
      const { client, key, log } = this.#options;
      const before = this.#lease;
      // A lease of another length is left to run out: the key moves to a new one.
      const renewable = before?.ttlSeconds === ttlSeconds ? before : undefined;
      const alive = renewable !== undefined && (await renewLease(client, renewable.id, renewTimeoutMs));
      if (alive && this.#value?.equals(value)) return;
      if (!alive) this.#value = undefined;
      const lease = alive ? renewable : { id: await grantLease(client, ttlSeconds), ttlSeconds };
      this.#lease = lease;
      const { header } = await client.put(key).value(value).lease(lease.id);
      this.#value = value;
      this.#revision = BigInt(header.revision);
      if (renewable !== undefined && !alive) log.warn({ key }, 'the lease had ended: registered again');
    });
  }

  /**
   * Deletes the key, then lets its lease go. Returns the revision that deleted it; if it was gone already, the revision
   * that wrote it.
   *
   * @throws ControlPlaneError `unavailable` when the store does not answer
   */
  release(): Promise<bigint> {
    return this.#inOrder(async () => {
      const { client, key, log } = this.#options;
      const { deleted, header } = await client.delete().key(key).exec();
      const lease = this.#lease;
      this.#lease = undefined;
      this.#value = undefined;
      if (lease !== undefined) {
        // Nothing hangs on it any more: it runs out by itself.
        await revokeLease(client, lease.id).catch((error: unknown) =>
          log.debug({ key, err: error }, 'lease not revoked'),
        );
      }
      return deleted === '0' ? this.#revision : BigInt(header.revision);
    });
  }

  #inOrder<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#lastTask.then(task);
    this.#lastTask = result.catch(() => undefined);
    return result;
  }
}
