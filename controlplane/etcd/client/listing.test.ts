import type { Etcd3 } from 'etcd3';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type RealEtcd, startRealEtcd } from '../contract/real-etcd.ts';
import { connectEtcd } from './connect.ts';
import { listPrefix } from './listing.ts';

describe('a listing', () => {
  let etcd: RealEtcd;
  let client: Etcd3;

  beforeAll(async () => {
    etcd = await startRealEtcd();
    client = connectEtcd({ hosts: [etcd.host] });
  });

  afterAll(async () => {
    client.close();
    await etcd.stop();
  });

  beforeEach(async () => {
    await client.delete().all();
  });

  /** Puts 100 keys a transaction, which is under etcd's limit of 128 operations. */
  const putMany = async (count: number): Promise<void> => {
    for (let start = 0; start < count; start += 100) {
      const keys = Array.from({ length: 100 }, (_, index) => `/many/${String(start + index).padStart(6, '0')}`);
      const puts = keys.map((key) => client.put(key).value(key));
      await client
        .if('/none', 'Version', '==', 0)
        .then(...puts)
        .commit();
    }
  };

  test('holds 10,000 keys in pages', async () => {
    await putMany(10_000);
    await client.put('/manz').value('outside');
    const { entries, revision } = await listPrefix(client, '/many/');
    expect(entries.size).toBe(10_000);
    expect(entries.get('/many/009999')?.value.toString()).toBe('/many/009999');
    const { header } = await client.get('/none').exec();
    expect(revision).toBe(BigInt(header.revision));
  });

  test('is of one revision, however much is written while its pages are read', async () => {
    await putMany(3_000);
    const writing = new AbortController();
    const writer = (async () => {
      for (let round = 0; !writing.signal.aborted; round += 1) {
        // One key of the first page and one of the last, always written together.
        const puts = ['/many/000000', '/many/zzz'].map((key) => client.put(key).value(round));
        await client
          .if('/none', 'Version', '==', 0)
          .then(...puts)
          .commit();
      }
    })();
    try {
      await expect.poll(() => client.get('/many/zzz').exists()).toBe(true);
      for (let round = 0; round < 10; round += 1) {
        const { entries } = await listPrefix(client, '/many/');
        expect(entries.get('/many/000000')?.value).toEqual(entries.get('/many/zzz')?.value);
      }
    } finally {
      writing.abort();
      await writer;
    }
  });

  test('asks for smaller pages when one is too large to receive', async () => {
    const value = Buffer.alloc(1024 * 1024, 'x');
    for (let index = 0; index < 24; index += 1) await client.put(`/large/${index}`).value(value);
    const { entries } = await listPrefix(client, '/large/');
    expect(entries.size).toBe(24);
  });

  test('leaves out keys that are not text', async () => {
    await client.put(Buffer.from([...Buffer.from('/odd/'), 0xff])).value('1');
    await client.put('/odd/ü').value('2');
    const { entries } = await listPrefix(client, '/odd/');
    expect([...entries.keys()]).toEqual(['/odd/ü']);
  });
});
