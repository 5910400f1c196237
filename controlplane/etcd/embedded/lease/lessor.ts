import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import { refusal } from '../errors.ts';
import { hasLease, putLease } from '../store/lease-table.ts';
import type { Store } from '../store/store.ts';

export interface Lease {
  readonly id: bigint;
  /** Seconds granted. */
  readonly ttl: bigint;
}

/** etcd's shortest lease, in seconds, by its default election timeout. Shorter ones are made this long. */
const minTtl = 2n;

/** etcd's longest lease, in seconds. */
const maxTtl = 9_000_000_000n;

/** How often, at most, leases are looked through for expired ones, in milliseconds; as often as in etcd. */
const sweepMs = 500;

/** How many leases are revoked at a time; more expire in the next rounds. As in etcd. */
const maxRevokes = 500;

/** setTimeout takes no longer time, in milliseconds. */
const maxTimerMs = 2 ** 31 - 1;

/**
 * Keeps time for leases: which of them is left how long, and revokes those whose time is up. What is granted is in the
 * store; when it ends is not, so that after a start every lease has its full time again, as in etcd after an election.
 */
export class Lessor {
  readonly #store: Store;
  readonly #log: Logger;
  readonly #leases = new Map<bigint, { readonly ttl: bigint; expiresAt: number }>();
  #timer: NodeJS.Timeout | undefined;
  #wakesAt = Number.POSITIVE_INFINITY;
  #stopped = false;

  constructor(store: Store, log: Logger) {
    this.#store = store;
    this.#log = log;
    for (const { id, ttl } of store.leases()) this.#leases.set(id, { ttl, expiresAt: expiryOf(ttl) });
    this.#wakeForNext();
  }

  /**
   * @param id 0 leaves the choice to the lessor
   * @param ttl in seconds
   * @throws EtcdError `leaseTtlTooLarge`, `leaseExists`
   */
  async grant(id: bigint, ttl: bigint): Promise<Lease> {
    if (ttl > maxTtl) throw refusal('leaseTtlTooLarge');
    const lease = { id: id === 0n ? newId() : id, ttl: ttl < minTtl ? minTtl : ttl };
    await this.#store.commit(({ tables }) => {
      if (hasLease(tables, lease.id)) throw refusal('leaseExists');
      putLease(tables, lease.id, lease.ttl);
    });
    const expiresAt = expiryOf(lease.ttl);
    this.#leases.set(lease.id, { ttl: lease.ttl, expiresAt });
    this.#wakeAt(expiresAt);
    return lease;
  }

  /**
   * Deletes the lease and its keys, in one revision. Returns the revision after that.
   *
   * @throws EtcdError `leaseNotFound`
   */
  async revoke(id: bigint): Promise<bigint> {
    const revision = await this.#store.commit((draft) => {
      if (!hasLease(draft.tables, id)) throw refusal('leaseNotFound');
      draft.revokeLease(id);
      return draft.revision;
    });
    this.#leases.delete(id);
    return revision;
  }

  /** Gives the lease its full time again; undefined when there is none, or its time is up. */
  renew(id: bigint): Lease | undefined {
    const lease = this.#leases.get(id);
    if (lease === undefined || lease.expiresAt <= performance.now()) return undefined;
    lease.expiresAt = expiryOf(lease.ttl);
    return { id, ttl: lease.ttl };
  }

  /** The lease, and how many whole seconds it is left. */
  find(id: bigint): (Lease & { readonly remaining: bigint }) | undefined {
    const lease = this.#leases.get(id);
    if (lease === undefined) return undefined;
    const remainingMs = Math.max(0, lease.expiresAt - performance.now());
    return { id, ttl: lease.ttl, remaining: BigInt(Math.floor(remainingMs / 1_000)) };
  }

  ids(): readonly bigint[] {
    return [...this.#leases.keys()];
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #wakeForNext(): void {
    let next = Number.POSITIVE_INFINITY;
    for (const { expiresAt } of this.#leases.values()) next = Math.min(next, expiresAt);
    this.#wakeAt(Math.max(next, performance.now() + sweepMs));
  }

  #wakeAt(time: number): void {
    if (this.#stopped || time >= this.#wakesAt) return;
    clearTimeout(this.#timer);
    this.#wakesAt = time;
    const waitMs = Math.min(Math.max(0, time - performance.now()), maxTimerMs);
    this.#timer = setTimeout(() => void this.#revokeExpired(), waitMs);
  }

  async #revokeExpired(): Promise<void> {
    this.#wakesAt = Number.POSITIVE_INFINITY;
    const now = performance.now();
    const expired = [...this.#leases].filter(([, { expiresAt }]) => expiresAt <= now).slice(0, maxRevokes);
    const revokes = await Promise.allSettled(expired.map(([id]) => this.revoke(id)));
    for (const [index, revoke] of revokes.entries()) {
      const id = expired[index]?.[0];
      // Somebody else may have revoked it first. A full disk may have space again by the next round.
      if (revoke.status === 'rejected' && id !== undefined && this.#leases.has(id) && !this.#stopped)
        this.#log.warn({ err: revoke.reason, lease: id }, 'could not revoke an expired lease yet');
    }
    this.#wakeForNext();
  }
}

function expiryOf(ttl: bigint): number {
  return performance.now() + Number(ttl) * 1_000;
}

/** Positive, as etcd's are. */
function newId(): bigint {
  return randomBytes(8).readBigUInt64BE() >> 1n || 1n;
}
