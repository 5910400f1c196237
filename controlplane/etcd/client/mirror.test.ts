import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { Etcd3 } from 'etcd3';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type RealEtcd, startRealEtcd } from '../contract/real-etcd.ts';
import { KVService } from '../gen/rpc.ts';
import { connectEtcd } from './connect.ts';
import { type Link, startLink } from './link.fixture.ts';
import { startMirror } from './mirror.ts';
import type { Mirror, MirrorChange } from './mirror.types.ts';

const log = pino({ level: 'silent' });
const prefix = '/micro/';

describe('the mirror', () => {
  let etcd: RealEtcd;
  let link: Link;
  /** Reaches the store whatever happens to the link. */
  let store: Etcd3;
  let client: Etcd3;
  let mirror: Mirror;
  let changes: MirrorChange[];

  beforeEach(async () => {
    etcd = await startRealEtcd();
    link = await startLink(etcd.host);
    store = connectEtcd({ hosts: [etcd.host] });
    client = connectEtcd({ hosts: [link.host], timeoutMs: 2_000 });
    await store.put('/micro/a').value('1');
    mirror = await startMirror({ client, prefix, log, timeoutMs: 2_000 });
    changes = [];
    mirror.onChange(prefix, (change) => changes.push(change));
  });

  afterEach(async () => {
    await mirror.stop();
    client.close();
    store.close();
    await link.stop();
    await etcd.stop();
  });

  const valueOf = (key: string): string | undefined => mirror.get(key)?.value.toString();
  const summary = () =>
    changes.map(({ put, deleted }) => ({ put: put.map(({ key, value }) => `${key}=${value.toString()}`), deleted }));
  const within = { timeout: 15_000 };
  const cutLink = async (): Promise<void> => {
    link.cut();
    await vi.waitFor(() => expect(mirror.status.reachable).toBe(false), within);
  };
  const revisionOf = (response: { header: { revision: string } }): bigint => BigInt(response.header.revision);

  test('holds what the store holds under its prefix, and follows it', async () => {
    expect(mirror.list(prefix).map(({ key }) => key)).toEqual(['/micro/a']);
    await store.put('/other/b').value('2');
    const revision = revisionOf(await store.put('/micro/b').value('2'));
    await vi.waitFor(() => expect(mirror.revision).toBe(revision), within);
    expect(valueOf('/micro/b')).toBe('2');
    expect(mirror.status).toEqual({ reachable: true });
    await store.delete().key('/micro/a');
    await vi.waitFor(() => expect(mirror.get('/micro/a')).toBeUndefined(), within);
    expect(summary()).toEqual([
      { put: ['/micro/b=2'], deleted: [] },
      { put: [], deleted: ['/micro/a'] },
    ]);
  });

  test('delivers what one transaction did as one change', async () => {
    const operations = [
      store.put('/micro/b').value('2'),
      store.put('/micro/c').value('3'),
      store.delete().key('/micro/a'),
    ];
    await store
      .if('/none', 'Version', '==', 0)
      .then(...operations)
      .commit();
    await vi.waitFor(() => expect(summary()).toHaveLength(1), within);
    expect(summary()).toEqual([{ put: ['/micro/b=2', '/micro/c=3'], deleted: ['/micro/a'] }]);
  });

  test('tells a listener only of its own prefix, and no longer once it left', async () => {
    const seen: string[] = [];
    const leave = mirror.onChange('/micro/x/', ({ put }) => seen.push(...put.map(({ key }) => key)));
    await store.put('/micro/y/1').value('1');
    await store.put('/micro/x/1').value('1');
    await vi.waitFor(() => expect(valueOf('/micro/x/1')).toBe('1'), within);
    leave();
    await store.put('/micro/x/2').value('1');
    await vi.waitFor(() => expect(valueOf('/micro/x/2')).toBe('1'), within);
    expect(seen).toEqual(['/micro/x/1']);
  });

  test('goes on when a listener fails', async () => {
    const seen: bigint[] = [];
    mirror.onChange(prefix, () => {
      throw new Error('a defect');
    });
    mirror.onChange(prefix, ({ revision }) => seen.push(revision));
    await store.put('/micro/b').value('1');
    await store.put('/micro/c').value('1');
    await vi.waitFor(() => expect(seen).toHaveLength(2), within);
  });

  test('replays each revision it missed while its connection was cut', async () => {
    await cutLink();
    await store.put('/micro/b').value('2');
    await store.put('/micro/b').value('3');
    await store.delete().key('/micro/a');
    expect(valueOf('/micro/a')).toBe('1');
    link.restore();
    await vi.waitFor(() => expect(summary()).toHaveLength(3), within);
    expect(summary()).toEqual([
      { put: ['/micro/b=2'], deleted: [] },
      { put: ['/micro/b=3'], deleted: [] },
      { put: [], deleted: ['/micro/a'] },
    ]);
    expect(mirror.status).toEqual({ reachable: true });
  });

  test('takes over the difference as one change when its history was compacted meanwhile', async () => {
    await cutLink();
    await store.put('/micro/b').value('2');
    await store.put('/micro/c').value('3');
    await store.delete().key('/micro/a');
    const revision = revisionOf(await store.put('/micro/b').value('4'));
    await store.kv.compact({ revision: revision.toString(), physical: true });
    link.restore();
    await vi.waitFor(() => expect(mirror.revision).toBe(revision), within);
    expect(summary()).toEqual([{ put: ['/micro/b=4', '/micro/c=3'], deleted: ['/micro/a'] }]);
    await store.put('/micro/d').value('5');
    await vi.waitFor(() => expect(valueOf('/micro/d')).toBe('5'), within);
  });

  test('replays more than fits in one message, revision by revision', async () => {
    await cutLink();
    const value = Buffer.alloc(1024 * 1024, 'x');
    const revisions: bigint[] = [];
    for (let index = 0; index < 20; index += 1) {
      revisions.push(revisionOf(await store.put(`/micro/large/${index}`).value(value)));
    }
    link.restore();
    await vi.waitFor(() => expect(changes).toHaveLength(20), within);
    expect(changes.map(({ revision }) => revision)).toEqual(revisions);
  });

  test('delivers a revision that arrives in many messages as one change', async () => {
    const long = 'x'.repeat(200);
    const keys = Array.from({ length: 15_000 }, (_, index) => `/micro/${long}/${index}`);
    for (let start = 0; start < keys.length; start += 100) {
      const puts = keys.slice(start, start + 100).map((key) => store.put(key).value(''));
      await store
        .if('/none', 'Version', '==', 0)
        .then(...puts)
        .commit();
    }
    const { header } = await store.delete().prefix(`/micro/${long}/`);
    await vi.waitFor(() => expect(mirror.revision).toBe(BigInt(header.revision)), within);
    expect(changes.at(-1)?.deleted).toHaveLength(keys.length);
  });

  test('survives a store that is killed, and finds it again on the same data', async () => {
    await etcd.kill();
    await vi.waitFor(
      () => expect(mirror.status).toMatchObject({ reachable: false, reason: expect.any(String) }),
      within,
    );
    expect(valueOf('/micro/a')).toBe('1');
    await etcd.restart();
    await expect.poll(() => store.put('/micro/a').value('2').catch(String), within).toHaveProperty('header');
    await vi.waitFor(() => expect(valueOf('/micro/a')).toBe('2'), within);
    expect(mirror.status).toEqual({ reachable: true });
  });

  test('notices a store that is frozen, and goes on when it thaws', { timeout: 60_000 }, async () => {
    await store.put('/micro/b').value('2');
    await vi.waitFor(() => expect(valueOf('/micro/b')).toBe('2'), within);
    await etcd.freeze();
    await vi.waitFor(() => expect(mirror.status.reachable).toBe(false), { timeout: 40_000 });
    expect(valueOf('/micro/a')).toBe('1');
    etcd.thaw();
    await store.put('/micro/a').value('2');
    await vi.waitFor(() => expect(valueOf('/micro/a')).toBe('2'), within);
    await vi.waitFor(() => expect(mirror.status).toEqual({ reachable: true }), within);
  });

  test('takes over the content of another cluster that stands in the place of its own', async () => {
    const other = await startRealEtcd();
    const otherStore = connectEtcd({ hosts: [other.host] });
    try {
      const was = mirror.clusterId;
      // Written at the same revision as ours, which must not pass for the same writing.
      const revision = revisionOf(await otherStore.put('/micro/a').value('other'));
      expect(revision).toBe(mirror.get('/micro/a')?.modRevision);
      await store.put('/micro/b').value('2');
      await vi.waitFor(() => expect(valueOf('/micro/b')).toBe('2'), within);
      await cutLink();
      link.moveTo(other.host);
      link.restore();
      await vi.waitFor(() => expect(mirror.clusterId).not.toBe(was), within);
      expect(summary().at(-1)).toEqual({ put: ['/micro/a=other'], deleted: ['/micro/b'] });
      await otherStore.put('/micro/y').value('1');
      await vi.waitFor(() => expect(valueOf('/micro/y')).toBe('1'), within);
    } finally {
      otherStore.close();
      await other.stop();
    }
  });

  test('keeps what it has when the store went back in time', async () => {
    await store.put('/micro/a').value('2');
    await vi.waitFor(() => expect(valueOf('/micro/a')).toBe('2'), within);
    const { revision, clusterId } = mirror;
    const older = await startOlderStore(clusterId);
    try {
      await cutLink();
      link.moveTo(older.host);
      link.restore();
      const reason = expect.stringContaining(`went back from revision ${revision} to 1`);
      await vi.waitFor(() => expect(mirror.status).toEqual({ reachable: false, reason }), within);
      expect(mirror.revision).toBe(revision);
      expect(valueOf('/micro/a')).toBe('2');
    } finally {
      older.stop();
    }
  });

  test('rejects when the store does not answer the first listing', async () => {
    link.cut();
    await expect(startMirror({ client, prefix, log })).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('calls no listener after it stopped', async () => {
    await mirror.stop();
    await store.put('/micro/b').value('2');
    const other = await startMirror({ client: store, prefix, log });
    expect(other.get('/micro/b')).toBeDefined();
    await other.stop();
    expect(changes).toEqual([]);
  });
});

/** Answers as a store does that was restored from its first backup: the same cluster at revision 1, and empty. */
async function startOlderStore(clusterId: bigint): Promise<{ host: string; stop(): void }> {
  const server = new Server();
  server.addService(KVService, {
    range: (_call: unknown, done: (error: null, response: object) => void) =>
      done(null, { header: { clusterId, memberId: 1n, revision: 1n, raftTerm: 1n }, kvs: [], more: false, count: 0n }),
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return { host: `127.0.0.1:${port}`, stop: () => server.forceShutdown() };
}
