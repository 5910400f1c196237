import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Protocol, type Service, type Snapshot } from '../gen/micro/routes/v1/routes.ts';
import type { ConnectionState, RouteSource, RouteSubscription, RouteUpdate } from './source.ts';

/** A control plane as the suite sees it: it changes the table at one end and subscribes at the other. */
export interface RouteSourceUnderTest {
  readonly source: RouteSource;
  update(change: { revision: bigint; changed: readonly Service[]; removed: readonly string[] }): void;
  /** Resolves when no data plane has calls in flight at an address that has left the table at a revision. */
  drained(revision: bigint, address: string): Promise<unknown>;
  stop(): Promise<void>;
}

/** What every route source must do. `start` makes one whose first table is the one given. */
export function describeRouteSource(name: string, start: (first: Snapshot) => Promise<RouteSourceUnderTest>): void {
  describe(name, () => {
    let tested: RouteSourceUnderTest;
    beforeEach(async () => {
      tested = await start({ clusterId: 7n, revision: 10n, prefixes: [prefix], services: [service('a', 1)] });
    });
    afterEach(() => tested.stop());

    test('sends the whole table first, then only what changed', async () => {
      const plane = new DataPlane(tested.source);
      await vi.waitFor(() => expect(plane.updates).toHaveLength(1));
      expect(plane.updates[0]).toEqual({
        $case: 'snapshot',
        value: { clusterId: 7n, revision: 10n, prefixes: [prefix], services: [service('a', 1)] },
      });

      tested.update({ revision: 12n, changed: [service('b', 1)], removed: [] });
      await vi.waitFor(() => expect(plane.updates).toHaveLength(2));
      tested.update({ revision: 15n, changed: [service('b', 2)], removed: ['a'] });
      await vi.waitFor(() => expect(plane.updates).toHaveLength(3));
      expect(plane.updates.slice(1)).toEqual([
        delta(10n, 12n, [service('b', 1)], []),
        delta(12n, 15n, [service('b', 2)], ['a']),
      ]);
      plane.close();
    });

    test('carries instances with every field', async () => {
      const plane = new DataPlane(tested.source);
      const instances = [
        {
          id: 'i-1',
          version: 'v1.2',
          address: '10.0.0.1:80',
          protocol: Protocol.PROTOCOL_HTTP1,
          weight: 3,
          healthCheck: { path: '/healthz', intervalMs: 10_000, timeoutMs: 2_000, pass: 2, fail: 3 },
        },
        {
          id: 'i-2',
          version: 'v2',
          address: 'unix:/run/x.sock',
          protocol: Protocol.PROTOCOL_H2C,
          weight: 0,
          healthCheck: undefined,
        },
      ];
      tested.update({ revision: 11n, changed: [{ name: 'full', instances }], removed: [] });
      await vi.waitFor(() => expect(plane.services.get('full')).toEqual({ name: 'full', instances }));
      plane.close();
    });

    test('merges what changes while an update is unanswered', async () => {
      const plane = new DataPlane(tested.source);
      await vi.waitFor(() => expect(plane.updates).toHaveLength(1));
      const release = plane.hold();
      tested.update({ revision: 11n, changed: [service('b', 1)], removed: [] });
      await vi.waitFor(() => expect(plane.updates).toHaveLength(2));
      for (let revision = 12n; revision < 100n; revision += 1n) {
        tested.update({ revision, changed: [service('b', Number(revision))], removed: revision === 50n ? ['a'] : [] });
      }
      release();
      await vi.waitFor(() => expect(plane.updates).toHaveLength(3));
      expect(plane.updates[2]).toEqual(delta(11n, 99n, [service('b', 99)], ['a']));
      plane.close();
    });

    test('sends a whole table again after a refusal, once there is something new', async () => {
      const plane = new DataPlane(tested.source);
      await vi.waitFor(() => expect(plane.updates).toHaveLength(1));
      plane.refuseNext('weights are wrong');
      tested.update({ revision: 11n, changed: [service('b', 1)], removed: [] });
      await vi.waitFor(() => expect(plane.refused).toEqual([11n]));
      tested.update({ revision: 12n, changed: [service('c', 1)], removed: ['a'] });
      await vi.waitFor(() => expect(plane.updates).toHaveLength(2));
      expect(plane.updates[1]).toEqual({
        $case: 'snapshot',
        value: { clusterId: 7n, revision: 12n, prefixes: [prefix], services: [service('b', 1), service('c', 1)] },
      });
      plane.close();
    });

    test('a slow data plane holds up no other', async () => {
      const slow = new DataPlane(tested.source);
      const quick = new DataPlane(tested.source);
      await vi.waitFor(() => expect(slow.updates.length + quick.updates.length).toBe(2));
      const release = slow.hold();
      tested.update({ revision: 11n, changed: [service('b', 1)], removed: [] });
      await vi.waitFor(() => expect(slow.updates).toHaveLength(2));
      tested.update({ revision: 12n, changed: [service('c', 1)], removed: [] });
      await vi.waitFor(() => expect(quick.revision).toBe(12n));
      expect(slow.revision).toBe(10n);
      release();
      await vi.waitFor(() => expect(slow.revision).toBe(12n));
      slow.close();
      quick.close();
    });

    test('hears of calls in flight at an address that has left the table until the last of them has ended', async () => {
      const [plane, other] = [new DataPlane(tested.source), new DataPlane(tested.source)];
      await vi.waitFor(() => expect([plane.revision, other.revision]).toEqual([10n, 10n]));
      for (const { draining } of [plane, other]) draining.add('127.0.0.1:1');
      tested.update({ revision: 11n, changed: [service('b', 1)], removed: ['a'] });
      const seen: string[] = [];
      const all = tested.drained(11n, '127.0.0.1:1').then(() => seen.push('all have drained'));
      await tested.drained(11n, '127.0.0.1:2');

      seen.push('one has drained');
      plane.drained('127.0.0.1:1');
      tested.update({ revision: 12n, changed: [service('b', 2)], removed: [] });
      await tested.drained(12n, '127.0.0.1:2');
      seen.push('the other has drained');
      other.drained('127.0.0.1:1');
      await all;
      expect(seen).toEqual(['one has drained', 'the other has drained', 'all have drained']);
      plane.close();
      other.close();
    });

    test('an address that is back in the table is not waited for', async () => {
      const plane = new DataPlane(tested.source);
      await vi.waitFor(() => expect(plane.revision).toBe(10n));
      plane.draining.add('127.0.0.1:1');
      tested.update({ revision: 11n, changed: [], removed: ['a'] });
      const drained = tested.drained(11n, '127.0.0.1:1');
      await tested.drained(11n, '127.0.0.1:2');
      plane.draining.clear();
      tested.update({ revision: 12n, changed: [service('a', 1)], removed: [] });
      await drained;
      plane.close();
    });

    test('says that it is connected, and calls nothing after close', async () => {
      const plane = new DataPlane(tested.source);
      await vi.waitFor(() => expect(plane.connections.at(-1)).toEqual({ status: 'connected' }));
      await vi.waitFor(() => expect(plane.updates).toHaveLength(1));
      const told = plane.connections.length;
      plane.close();
      tested.update({ revision: 11n, changed: [service('b', 1)], removed: [] });
      const other = new DataPlane(tested.source);
      await vi.waitFor(() => expect(other.revision).toBe(11n));
      expect(plane.updates).toHaveLength(1);
      expect(plane.connections).toHaveLength(told);
      other.close();
    });
  });
}

const prefix = { path: '/service/', namespace: 'go.micro.service', web: false };

/** A service with one instance, told apart by its port. */
export function service(name: string, port: number): Service {
  const address = `127.0.0.1:${port}`;
  return {
    name,
    instances: [
      { id: name, version: 'v1', address, protocol: Protocol.PROTOCOL_HTTP1, weight: 1, healthCheck: undefined },
    ],
  };
}

function delta(baseRevision: bigint, revision: bigint, changed: readonly Service[], removed: readonly string[]) {
  return { $case: 'delta', value: { clusterId: 7n, baseRevision, revision, changed, removed } };
}

/** The simplest data plane: it keeps a table as the updates say. */
class DataPlane {
  readonly updates: RouteUpdate[] = [];
  readonly refused: bigint[] = [];
  readonly connections: ConnectionState[] = [];
  readonly services = new Map<string, Service>();
  readonly draining = new Set<string>();
  readonly close: () => void;
  readonly #subscription: RouteSubscription;
  #revision = 0n;
  #held: Promise<void> | undefined;
  #refusal: string | undefined;

  constructor(source: RouteSource) {
    this.#subscription = source.subscribe({
      name: 'plane',
      httpAddress: ':8080',
      revision: () => this.#revision,
      apply: (update) => this.#apply(update),
      draining: () => this.draining,
      connection: (state) => void this.connections.push(state),
    });
    this.close = () => this.#subscription.close();
  }

  drained(address: string): void {
    this.draining.delete(address);
    this.#subscription.drained(address);
  }

  get revision(): bigint {
    return this.#revision;
  }

  hold(): () => void {
    let release = () => {};
    this.#held = new Promise((resolve) => {
      release = resolve;
    });
    return release;
  }

  refuseNext(reason: string): void {
    this.#refusal = reason;
  }

  async #apply(update: RouteUpdate): Promise<void> {
    if (this.#refusal !== undefined) {
      const reason = this.#refusal;
      this.#refusal = undefined;
      this.refused.push(update.value.revision);
      throw new Error(reason);
    }
    this.updates.push(update);
    await this.#held;
    if (update.$case === 'snapshot') {
      this.services.clear();
      for (const service of update.value.services) this.services.set(service.name, service);
    } else {
      for (const service of update.value.changed) this.services.set(service.name, service);
      for (const name of update.value.removed) this.services.delete(name);
    }
    this.#revision = update.value.revision;
  }
}
