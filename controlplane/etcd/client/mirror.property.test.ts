import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import type { Etcd3 } from 'etcd3';
import * as fc from 'fast-check';
import { pino } from 'pino';
import { expect, test, vi } from 'vitest';
import { startRealEtcd } from '../contract/real-etcd.ts';
import { startEmbeddedEtcd } from '../embedded/embedded-etcd.ts';
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

/** A store, and what reaches it: `store` whatever happens to the link, `client` over the link. */
interface Ways {
  readonly link: Link;
  readonly store: Etcd3;
  readonly client: Etcd3;
}

const log = pino({ level: 'silent' });

/** An embedded etcd on loopback, with its data in a temporary folder. */
async function startEmbedded(): Promise<{ readonly host: string; stop(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'micro-mirror-'));
  const listen = { host: '127.0.0.1', port: 0 };
  const etcd = await startEmbeddedEtcd({ folder, socketPath: join(folder, 'etcd.sock'), listen, log });
  return {
    host: etcd.addresses[1] ?? '',
    stop: async () => {
      await etcd.stop();
      await rm(folder, { recursive: true });
    },
  };
}

/** Does one step to the store or to the way to it. */
async function perform(action: Step, { store, link }: Ways): Promise<void> {
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

/** Does the steps, and checks what a listener sees on the way and what the mirror is in the end. */
async function follow(steps: readonly Step[], ways: Ways): Promise<void> {
  const { link, store, client } = ways;
  link.restore();
  await store.delete().all();
  const mirror = await startMirror({ client, prefix, log });
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
    for (const action of steps) await perform(action, ways);
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
}

test.each([
  ['a real etcd', startRealEtcd],
  ['the embedded etcd', startEmbedded],
])(
  'the mirror becomes what %s is after any writes and disconnections, and never goes back',
  { timeout: 120_000 },
  async (_what, start) => {
    await using started = new AsyncDisposableStack();
    const etcd = started.adopt(await start(), (running) => running.stop());
    const link = started.adopt(await startLink(etcd.host), (running) => running.stop());
    const store = started.adopt(connectEtcd({ hosts: [etcd.host] }), (connected) => connected.close());
    const client = started.adopt(connectEtcd({ hosts: [link.host] }), (connected) => connected.close());
    const assertion = fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), (steps) =>
        follow(steps, { link, store, client }),
      ),
      { numRuns: 15, endOnFailure: true },
    );
    await expect(assertion).resolves.toBeUndefined();
  },
);
