import { status } from '@grpc/grpc-js';
import { beforeEach, describe, expect, test } from 'vitest';
import { Compare, PutRequest, RangeRequest, type RequestOp, TxnRequest } from '../gen/rpc.ts';
import { message, type RawClient } from './raw-client.ts';

/** What the KV service must do, on whatever etcd `client` reaches; tests share it and keep to keys of their own. */
export function kvContract(client: () => RawClient): void {
  let prefix = '';
  let count = 0;
  beforeEach(() => {
    count += 1;
    prefix = `kv/${count}/`;
  });
  const key = (name: string): Buffer => Buffer.from(prefix + name);
  const value = (text: string): Buffer => Buffer.from(text);
  const everything = (): Pick<RangeRequest, 'key' | 'rangeEnd'> => ({ key: key(''), rangeEnd: key('\xff') });
  const put = async (name: string, text: string, fields: Partial<PutRequest> = {}): Promise<bigint> => {
    const { header } = await client().put({ key: key(name), value: value(text), ...fields });
    return header?.revision ?? 0n;
  };
  const names = async (fields: Partial<RangeRequest> = {}): Promise<readonly string[]> => {
    const { kvs } = await client().range({ ...everything(), ...fields });
    return kvs.map((kv) => kv.key.toString().slice(prefix.length));
  };
  const putOp = (name: string, text: string): RequestOp => ({
    request: { $case: 'requestPut', value: message(PutRequest, { key: key(name), value: value(text) }) },
  });

  describe('Range', () => {
    test('a key carries the revisions that made and changed it, and how often it was put', async () => {
      const created = await put('a', '1');
      const changed = await put('a', '2');
      const { kvs, count } = await client().range({ key: key('a') });
      expect(count).toBe(1n);
      expect(kvs).toEqual([
        { key: key('a'), value: value('2'), createRevision: created, modRevision: changed, version: 2n, lease: 0n },
      ]);
      await client().deleteRange({ key: key('a') });
      const again = await put('a', '3');
      expect((await client().range({ key: key('a') })).kvs[0]).toMatchObject({ createRevision: again, version: 1n });
    });

    test('an old revision shows what was, with the header of now', async () => {
      const first = await put('a', '1');
      const second = await put('b', '1');
      await client().deleteRange({ key: key('a') });
      expect(await names()).toEqual(['b']);
      expect(await names({ revision: first })).toEqual(['a']);
      expect(await names({ revision: second })).toEqual(['a', 'b']);
      const { header } = await client().range({ ...everything(), revision: first });
      expect(header?.revision).toBe(second + 1n);
    });

    test('a revision that is yet to come is refused', async () => {
      const now = await put('a', '1');
      await expect(client().range({ key: key('a'), revision: now + 1n })).rejects.toMatchObject({
        code: status.OUT_OF_RANGE,
        details: 'etcdserver: mvcc: required revision is a future revision',
      });
    });

    test('a limit cuts off, says that there is more, and still counts all', async () => {
      for (const name of ['a', 'b', 'c']) await put(name, '1');
      const { kvs, more, count } = await client().range({ ...everything(), limit: 2n });
      expect([kvs.length, more, count]).toEqual([2, true, 3n]);
      expect((await client().range({ ...everything(), limit: 3n })).more).toBe(false);
      expect(await client().range({ ...everything(), countOnly: true })).toMatchObject({ kvs: [], count: 3n });
    });

    test('keys come in byte order, or sorted as asked', async () => {
      for (const [name, text] of [
        ['b', '1'],
        ['a\0', '3'],
        ['a', '2'],
      ] as const)
        await put(name, text);
      expect(await names()).toEqual(['a', 'a\0', 'b']);
      expect(await names({ sortOrder: 2, sortTarget: 0 })).toEqual(['b', 'a\0', 'a']);
      expect(await names({ sortOrder: 1, sortTarget: 3 })).toEqual(['b', 'a\0', 'a']);
      expect(await names({ sortOrder: 1, sortTarget: 4 })).toEqual(['b', 'a', 'a\0']);
      expect(await names({ sortOrder: 2, sortTarget: 4, limit: 1n })).toEqual(['a\0']);
    });

    test('keys only leaves the values out, and filters by revision leave keys out', async () => {
      const first = await put('a', '1');
      const second = await put('b', '1');
      const { kvs } = await client().range({ ...everything(), keysOnly: true });
      expect(kvs.map((kv) => kv.value.length)).toEqual([0, 0]);
      expect(await names({ maxModRevision: first })).toEqual(['a']);
      expect(await names({ minCreateRevision: second })).toEqual(['b']);
    });

    test('the end "\\0" stands for every key from the first on', async () => {
      await put('a', '1');
      const { kvs } = await client().range({ key: key('a'), rangeEnd: Buffer.of(0) });
      expect(kvs[0]?.key).toEqual(key('a'));
      const all = await client().range({ key: Buffer.of(0), rangeEnd: Buffer.of(0), countOnly: true });
      expect(all.count).toBeGreaterThanOrEqual(1n);
    });
  });

  describe('Put', () => {
    test('the previous value comes along when asked for', async () => {
      await put('a', '1');
      const { prevKv } = await client().put({ key: key('a'), value: value('2'), prevKv: true });
      expect(prevKv?.value).toEqual(value('1'));
      expect((await client().put({ key: key('new'), prevKv: true })).prevKv).toBeUndefined();
    });

    test('the value or the lease can be kept', async () => {
      const { ID } = await client().leaseGrant({ TTL: 600n });
      await put('a', '1', { lease: ID });
      await put('a', '2', { ignoreLease: true });
      await client().put({ key: key('a'), ignoreValue: true });
      expect((await client().range({ key: key('a') })).kvs[0]).toMatchObject({ value: value('2'), lease: 0n });
    });

    test.each([
      ['no key', {}, 'etcdserver: key is not provided'],
      ['a value to ignore', { key: 'a', value: '1', ignoreValue: true }, 'etcdserver: value is provided'],
      ['a lease to ignore', { key: 'a', lease: 5n, ignoreLease: true }, 'etcdserver: lease is provided'],
      ['a value to keep that is not there', { key: 'none', ignoreValue: true }, 'etcdserver: key not found'],
    ])('%s is refused', async (_, { key: name, value: text, ...rest }: Record<string, unknown>, details) => {
      const request = {
        ...rest,
        ...(typeof name === 'string' && { key: key(name) }),
        ...(typeof text === 'string' && { value: value(text) }),
      };
      await expect(client().put(request)).rejects.toMatchObject({ code: status.INVALID_ARGUMENT, details });
    });

    test('a lease that is not there is refused, and nothing is written', async () => {
      await expect(put('a', '1', { lease: 999_999n })).rejects.toMatchObject({
        code: status.NOT_FOUND,
        details: 'etcdserver: requested lease not found',
      });
      expect(await names()).toEqual([]);
    });

    test('a request of more than 1.5 MiB is refused, and one of less is taken', async () => {
      await put('big', 'x'.repeat(1_500_000));
      expect((await client().range({ key: key('big') })).kvs[0]?.value.length).toBe(1_500_000);
      await expect(put('big', 'x'.repeat(1_600_000))).rejects.toMatchObject({
        code: status.INVALID_ARGUMENT,
        details: 'etcdserver: request is too large',
      });
      await expect(put('big', 'x'.repeat(3_000_000))).rejects.toMatchObject({ code: status.RESOURCE_EXHAUSTED });
    });
  });

  describe('DeleteRange', () => {
    test('deletes a range in one revision and tells what was there', async () => {
      for (const name of ['a', 'b']) await put(name, name);
      const before = await put('c', 'c');
      const { header, deleted, prevKvs } = await client().deleteRange({ ...everything(), prevKv: true });
      expect([header?.revision, deleted, prevKvs.map((kv) => kv.value.toString())]).toEqual([
        before + 1n,
        3n,
        ['a', 'b', 'c'],
      ]);
    });

    test('deleting nothing makes no revision', async () => {
      const before = await put('a', '1');
      const { header, deleted } = await client().deleteRange({ key: key('none') });
      expect([header?.revision, deleted]).toEqual([before, 0n]);
    });
  });

  describe('Txn', () => {
    test('decides by its conditions, and does all of one branch in one revision', async () => {
      const before = await put('a', '1');
      const isNew = message(Compare, {
        key: key('lock'),
        target: 1,
        targetUnion: { $case: 'createRevision', value: 0n },
      });
      const request = { compare: [isNew], success: [putOp('lock', 'me'), putOp('log', 'taken')], failure: [] };
      const first = await client().txn(request);
      expect([first.succeeded, first.header?.revision]).toEqual([true, before + 1n]);
      expect((await client().txn(request)).succeeded).toBe(false);
      expect((await client().range(everything())).kvs.map((kv) => kv.modRevision)).toEqual([
        before,
        before + 1n,
        before + 1n,
      ]);
    });

    test('a condition on a range holds when it does for each of its keys', async () => {
      await put('r/1', 'x');
      await put('r/2', 'x');
      const all = (text: string): Compare =>
        message(Compare, {
          key: key('r/'),
          rangeEnd: key('r0'),
          target: 3,
          targetUnion: { $case: 'value', value: value(text) },
        });
      expect((await client().txn({ compare: [all('x')] })).succeeded).toBe(true);
      await put('r/2', 'y');
      expect((await client().txn({ compare: [all('x')] })).succeeded).toBe(false);
    });

    test('transactions nest, and each step sees those before', async () => {
      const inner = message(TxnRequest, { success: [putOp('inner', '1')] });
      const read: RequestOp = {
        request: { $case: 'requestRange', value: message(RangeRequest, { ...everything(), countOnly: true }) },
      };
      const { responses } = await client().txn({
        success: [putOp('outer', '1'), { request: { $case: 'requestTxn', value: inner } }, read],
      });
      expect(responses[2]?.response).toMatchObject({ $case: 'responseRange', value: { count: 2n } });
    });

    test('a key that is put twice is refused, unless only one of the two can happen', async () => {
      await expect(client().txn({ success: [putOp('a', '1'), putOp('a', '2')] })).rejects.toMatchObject({
        code: status.INVALID_ARGUMENT,
        details: 'etcdserver: duplicate key given in txn request',
      });
      const either = message(TxnRequest, { success: [putOp('a', '1')], failure: [putOp('a', '2')] });
      await client().txn({ success: [{ request: { $case: 'requestTxn', value: either } }] });
      expect(await names()).toEqual(['a']);
    });

    test('more than 128 operations are refused', async () => {
      const ops = Array.from({ length: 129 }, (_, index) => putOp(`${index}`, ''));
      await client().txn({ success: ops.slice(1) });
      await expect(client().txn({ success: ops })).rejects.toMatchObject({
        code: status.INVALID_ARGUMENT,
        details: 'etcdserver: too many operations in txn request',
      });
    });

    test('a step that cannot be done leaves everything undone', async () => {
      const future: RequestOp = {
        request: { $case: 'requestRange', value: message(RangeRequest, { key: key('a'), revision: 1_000_000n }) },
      };
      await expect(client().txn({ success: [putOp('a', '1'), future] })).rejects.toMatchObject({
        code: status.OUT_OF_RANGE,
      });
      expect(await names()).toEqual([]);
    });
  });

  describe('Compact', () => {
    test('gives up what was before, and keeps what is', async () => {
      await put('gone', '1');
      const first = await put('a', '1');
      await client().deleteRange({ key: key('gone') });
      const second = await put('a', '2');
      const third = await put('a', '3');
      await client().compact({ revision: second, physical: true });
      await expect(client().range({ key: key('a'), revision: first })).rejects.toMatchObject({
        code: status.OUT_OF_RANGE,
        details: 'etcdserver: mvcc: required revision has been compacted',
      });
      const at = async (revision: bigint): Promise<string | undefined> =>
        (await client().range({ key: key('a'), revision })).kvs[0]?.value.toString();
      expect([await at(second), await at(third)]).toEqual(['2', '3']);
      await expect(client().compact({ revision: second })).rejects.toMatchObject({
        details: 'etcdserver: mvcc: required revision has been compacted',
      });
      await expect(client().compact({ revision: third + 100n })).rejects.toMatchObject({
        details: 'etcdserver: mvcc: required revision is a future revision',
      });
    });
  });
}
