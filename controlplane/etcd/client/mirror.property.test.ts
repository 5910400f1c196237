import type { Etcd3 } from 'etcd3';
import * as fc from 'fast-check';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type RealEtcd, startRealEtcd } from '../contract/real-etcd.ts';
import { connectEtcd } from './connect.ts';
import { type Link, startLink } from './link.fixture.ts';
import { listPrefix } from './listing.ts';
import { startMirror } from './mirror.ts';

const prefix = '/micro/';
const key = fc.integer({ min: 0, max: 9 }).map((number) => `${prefix}${number}`);

type Step =
  | { readonly kind: 'put'; readonly key: string; readonly value: number }
  | { readonly kind: 'delete'; readonly key: string }
  | { readonly kind: 'transaction'; readonly keys: readonly string[]; readonly value: number }
  | { readonly kind: 'compact' | 'cut' | 'restore' };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('put' as const), key, value: fc.nat(99) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('delete' as const), key }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('transaction' as const), keys: fc.uniqueArray(key), value: fc.nat(99) }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constantFrom('compact', 'cut', 'restore') }) },
);

let etcd: RealEtcd;
let link: Link;
let store: Etcd3;
let client: Etcd3;

beforeAll(async () => {
  etcd = await startRealEtcd();
  link = await startLink(etcd.host);
  store = connectEtcd({ hosts: [etcd.host] });
  client = connectEtcd({ hosts: [link.host] });
});

afterAll(async () => {
  client.close();
  store.close();
  await link.stop();
  await etcd.stop();
});

/** Does one step to the store or to the way to it. */
async function perform(action: Step): Promise<void> {
  switch (action.kind) {
    case 'put':
      await store.put(action.key).value(action.value);
      return;
    case 'delete':
      await store.delete().key(action.key);
      return;
    case 'transaction': {
      const puts = action.keys.map((name) => store.put(name).value(action.value));
      await store
        .if('/none', 'Version', '==', 0)
        .then(...puts)
        .commit();
      return;
    }
    case 'compact': {
      const { header } = await store.put('/other').value('');
      await store.kv.compact({ revision: header.revision });
      return;
    }
    case 'cut':
      link.cut();
      return;
    case 'restore':
      link.restore();
  }
}

test('the mirror becomes what the store is after any writes and disconnections, and never goes back', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), async (steps) => {
      link.restore();
      await store.delete().all();
      const mirror = await startMirror({ client, prefix, log: pino({ level: 'silent' }) });
      const followed = new Map(mirror.list(prefix).map((entry) => [entry.key, entry]));
      let revision = mirror.revision;
      const failures: string[] = [];
      mirror.onChange(prefix, (change) => {
        if (change.revision <= revision) failures.push(`${change.revision} came after ${revision}`);
        revision = change.revision;
        for (const deleted of change.deleted) {
          if (!followed.delete(deleted)) failures.push(`${deleted} was deleted twice`);
        }
        for (const entry of change.put) followed.set(entry.key, entry);
      });
      try {
        for (const action of steps) await perform(action);
        link.restore();
        const { header } = await store.put(`${prefix}last`).value('');
        await vi.waitFor(() => expect(mirror.revision).toBe(BigInt(header.revision)), { timeout: 20_000 });
        const listing = await listPrefix(store, prefix);
        expect(new Map(mirror.list(prefix).map((entry) => [entry.key, entry]))).toEqual(listing.entries);
        expect(followed).toEqual(listing.entries);
        expect(failures).toEqual([]);
      } finally {
        await mirror.stop();
      }
    }),
    { numRuns: 15, endOnFailure: true },
  );
}, 120_000);
