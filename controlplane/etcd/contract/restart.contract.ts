import { expect, test } from 'vitest';
import type { EtcdUnderTest } from './embedded.ts';
import type { RawClient } from './raw-client.ts';
import { openWatcher } from './watcher.ts';

/** What a server must know again after it was stopped and started on the same data. */
export function restartContract(client: () => RawClient, server: () => EtcdUnderTest): void {
  const key = Buffer.from('restart');

  test('keys, history, compaction, leases and the cluster’s id outlive the process', async () => {
    await client().put({ key: Buffer.from('restart of another key') });
    const { ID } = await client().leaseGrant({ TTL: 600n });
    const { header: first } = await client().put({ key, value: Buffer.from('1') });
    const { header: second } = await client().put({ key, value: Buffer.from('2'), lease: ID });
    const compacted = (first?.revision ?? 0n) - 1n;
    await client().compact({ revision: compacted, physical: true });

    await server().restart();
    await expect
      .poll(
        () =>
          client()
            .range({ key })
            .catch(() => undefined),
        { timeout: 15_000 },
      )
      .toBeDefined();
    const { header, kvs } = await client().range({ key });
    expect([header?.clusterId, header?.memberId, header?.revision]).toEqual([
      second?.clusterId,
      second?.memberId,
      second?.revision,
    ]);
    expect(header?.raftTerm).toBeGreaterThan(second?.raftTerm ?? 0n);
    expect(kvs).toMatchObject([{ value: Buffer.from('2'), lease: ID, version: 2n }]);
    expect((await client().range({ key, revision: first?.revision ?? 0n })).kvs[0]?.value).toEqual(Buffer.from('1'));
    await expect(client().range({ key, revision: compacted - 1n })).rejects.toThrow('has been compacted');
    expect(await client().leaseTimeToLive({ ID, keys: true })).toMatchObject({ grantedTTL: 600n, keys: [key] });

    const watcher = openWatcher(client());
    watcher.create({ key, startRevision: first?.revision ?? 0n });
    await client().leaseRevoke({ ID });
    await expect.poll(() => watcher.events()).toEqual(['put restart=1', 'put restart=2', 'delete restart']);
    watcher.end();
  });
}
