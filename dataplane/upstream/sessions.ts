import { connect } from 'node:http2';
import { type Address, formatAddress } from '../../proto/channel/address.ts';
import { connected, connectTo } from './connect.ts';
import type { UpstreamConnections } from './connections.ts';
import { PooledSession } from './pooled-session.ts';

/** Connections to one instance at most. Beyond the streams these carry, calls wait for one that ends. */
const maxSessionsPerInstance = 4;

export interface SessionsOptions {
  readonly connectMs: number;
  /** How long a session without streams is kept. */
  readonly idleMs: number;
  /** Where its connections are counted. */
  readonly connections: UpstreamConnections;
}

/** HTTP/2 sessions to instances, by prior knowledge (RFC 9113 section 3.3), shared by all calls to an address. */
export class Sessions {
  readonly #options: SessionsOptions;
  readonly #pools = new Map<string, PooledSession[]>();
  readonly #connecting = new Map<string, Promise<PooledSession>>();

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  /** A session with room for another stream, or the least used one. Rejects when no connection can be made. */
  async to(address: Address): Promise<PooledSession> {
    const name = formatAddress(address);
    const open = (this.#pools.get(name) ?? []).filter(({ isUsable }) => isUsable);
    const leastUsed = open.reduce<PooledSession | undefined>(
      (least, pooled) => (least && least.streams <= pooled.streams ? least : pooled),
      undefined,
    );
    if (leastUsed && (leastUsed.hasRoom || open.length >= maxSessionsPerInstance)) return leastUsed;
    const connecting = this.#connecting.get(name);
    if (connecting) return connecting;
    const opening = this.#open(name, address).finally(() => this.#connecting.delete(name));
    this.#connecting.set(name, opening);
    return opening;
  }

  /** Ends every session at once, with the streams on it. */
  destroy(): void {
    for (const pooled of [...this.#pools.values()].flat()) pooled.destroy();
  }

  async #open(name: string, address: Address): Promise<PooledSession> {
    const { connectMs, connections } = this.#options;
    const socket = connections.add('HTTP/2', connectTo(address, connectMs));
    await connected(socket);
    const pooled = new PooledSession(
      connect('http://instance', { createConnection: () => socket, settings: { enablePush: false } }),
      this.#options.idleMs,
    );
    const pool = this.#pools.get(name) ?? [];
    this.#pools.set(name, pool);
    pool.push(pooled);
    pooled.onClose(() => {
      pool.splice(pool.indexOf(pooled), 1);
      if (pool.length === 0) this.#pools.delete(name);
    });
    return pooled;
  }
}
