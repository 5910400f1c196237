import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Etcd3 } from 'etcd3';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

/** What people use an etcd with must work, on whatever etcd listens at `host`. */
export function clientsContract(host: () => string): void {
  describe('etcd3', () => {
    let client: Etcd3;
    beforeAll(() => {
      client = new Etcd3({ hosts: host() });
    });
    afterAll(() => client.close());

    test('puts, gets, counts and deletes', async () => {
      const keys = client.namespace('etcd3/kv/');
      await keys.put('a').value('1');
      await keys.put('b').value('2');
      expect(await keys.getAll().strings()).toEqual({ a: '1', b: '2' });
      expect(await keys.getAll().count()).toBe(2);
      await keys.delete().all();
      expect(await keys.get('a').string()).toBeNull();
    });

    test('compares and swaps', async () => {
      const swap = (): Promise<{ succeeded: boolean }> =>
        client.if('etcd3/swap', 'Create', '==', 0).then(client.put('etcd3/swap').value('1')).commit();
      expect((await swap()).succeeded).toBe(true);
      expect((await swap()).succeeded).toBe(false);
    });

    test('watches a prefix', async () => {
      const watcher = await client.watch().prefix('etcd3/watch/').create();
      const seen: string[] = [];
      watcher.on('put', (kv) => seen.push(`put ${kv.key.toString()}`));
      watcher.on('delete', (kv) => seen.push(`delete ${kv.key.toString()}`));
      await client.put('etcd3/watch/a').value('1');
      await client.delete().key('etcd3/watch/a');
      await expect.poll(() => seen).toEqual(['put etcd3/watch/a', 'delete etcd3/watch/a']);
      await watcher.cancel();
    });

    test('holds leases and locks', async () => {
      const lease = client.lease(60);
      await lease.put('etcd3/lease').value('1');
      await lease.keepaliveOnce();
      await lease.revoke();
      expect(await client.get('etcd3/lease').string()).toBeNull();
      expect(await client.lock('etcd3/lock').do(() => Promise.resolve('held'))).toBe('held');
    });
  });

  describe('etcdctl', () => {
    let folder: string;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'micro-etcdctl-'));
    });
    afterAll(() => rm(folder, { recursive: true }));
    const etcdctl = async (args: readonly string[], input = ''): Promise<string> => {
      const { stdout } = await execa('etcdctl', [`--endpoints=${host()}`, ...args], {
        env: { ETCDCTL_API: '3' },
        input,
        timeout: 15_000,
      });
      return stdout;
    };

    test('put, get and del', async () => {
      expect(await etcdctl(['put', 'ctl/a', '1'])).toBe('OK');
      expect(await etcdctl(['put', 'ctl/b', '2', '--prev-kv'])).toBe('OK');
      expect(await etcdctl(['get', 'ctl/', '--prefix'])).toBe('ctl/a\n1\nctl/b\n2');
      expect(await etcdctl(['get', 'ctl/b', '--from-key', '--keys-only', '--limit=1'])).toBe('ctl/b\n');
      expect(await etcdctl(['del', 'ctl/', '--prefix', '--prev-kv'])).toBe('2\nctl/a\n1\nctl/b\n2');
    });

    test('txn', async () => {
      const answer = await etcdctl(['txn'], 'create("ctl/txn") = "0"\n\nput ctl/txn 1\n\nget ctl/txn\n\n');
      expect(answer).toBe('SUCCESS\n\nOK');
    });

    test('watch, with history', async () => {
      const put = JSON.parse(await etcdctl(['put', 'ctl/watch', '1', '-w', 'json'])) as {
        header: { revision: number };
      };
      await etcdctl(['del', 'ctl/watch']);
      const watch = execa('etcdctl', [`--endpoints=${host()}`, 'watch', 'ctl/watch', `--rev=${put.header.revision}`], {
        env: { ETCDCTL_API: '3' },
        buffer: false,
        reject: false,
      });
      let printed = '';
      watch.stdout.on('data', (chunk: Buffer) => {
        printed += chunk.toString();
      });
      await expect.poll(() => printed, { timeout: 10_000 }).toBe('PUT\nctl/watch\n1\nDELETE\nctl/watch\n\n');
      watch.kill('SIGKILL');
      await watch;
    });

    test('lease grant, timetolive, list, keep-alive and revoke', async () => {
      const id = /lease (\w+) granted with TTL\(600s\)/.exec(await etcdctl(['lease', 'grant', '600']))?.[1] ?? '';
      await etcdctl(['put', 'ctl/lease', '1', `--lease=${id}`]);
      expect(await etcdctl(['lease', 'timetolive', id, '--keys'])).toContain('attached keys([ctl/lease])');
      expect(await etcdctl(['lease', 'list'])).toContain(id);
      expect(await etcdctl(['lease', 'keep-alive', '--once', id])).toContain('keepalived with TTL(600)');
      expect(await etcdctl(['lease', 'revoke', id])).toBe(`lease ${id} revoked`);
      expect(await etcdctl(['get', 'ctl/lease'])).toBe('');
    });

    test('compaction', async () => {
      const put = JSON.parse(await etcdctl(['put', 'ctl/c', '1', '-w', 'json'])) as { header: { revision: number } };
      const { revision } = put.header;
      expect(await etcdctl(['compaction', `${revision}`])).toBe(`compacted revision ${revision}`);
      await expect(etcdctl(['get', 'ctl/c', `--rev=${revision - 1}`])).rejects.toThrow(
        'etcdserver: mvcc: required revision has been compacted',
      );
    });

    test('snapshot save, endpoint health and status, member list, defrag and alarm list', async () => {
      const path = join(folder, 'snapshot');
      expect(await etcdctl(['snapshot', 'save', path])).toContain(`Snapshot saved at ${path}`);
      expect((await stat(path)).size % 512).toBe(32);
      expect(await etcdctl(['endpoint', 'health'])).not.toContain('unhealthy');
      expect(await etcdctl(['endpoint', 'status'])).toContain(host());
      expect(await etcdctl(['member', 'list'])).toContain('started');
      expect(await etcdctl(['defrag'])).toContain('Finished defragmenting etcd member');
      expect(await etcdctl(['alarm', 'list'])).toBe('');
    });
  });
}
