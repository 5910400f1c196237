import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { WatchCreateRequest_FilterType } from '../gen/rpc.ts';
import type { RawClient } from './raw-client.ts';
import { openWatcher, type Watcher } from './watcher.ts';

/** What the Watch service must do, on whatever etcd `client` reaches; tests share it and keep to keys of their own. */
export function watchContract(client: () => RawClient): void {
  let prefix = '';
  let count = 0;
  let watcher: Watcher;
  beforeEach(() => {
    count += 1;
    prefix = `watch/${count}/`;
    watcher = openWatcher(client());
  });
  afterEach(() => watcher.end());

  const key = (name: string): Buffer => Buffer.from(prefix + name);
  const all = (): { key: Buffer; rangeEnd: Buffer } => ({ key: key(''), rangeEnd: key('\xff') });
  const put = async (name: string, text: string): Promise<bigint> => {
    const { header } = await client().put({ key: key(name), value: Buffer.from(text) });
    return header?.revision ?? 0n;
  };
  const remove = (name: string): Promise<unknown> => client().deleteRange({ key: key(name) });
  const created = (watches = 1): Promise<void> =>
    expect.poll(() => watcher.responses.filter((response) => response.created).length).toBe(watches);
  const events = (watchId?: bigint): readonly string[] =>
    watcher.events(watchId).map((event) => event.replace(prefix, ''));

  test('a watch sees what happens in its range from then on, and nothing else', async () => {
    await put('a', 'before');
    watcher.create({ key: key('a'), rangeEnd: key('b') });
    await created();
    await put('a', '1');
    await put('b', 'outside');
    await remove('a');
    await put('aa', '2');
    await expect.poll(() => events()).toEqual(['put a=1', 'delete a', 'put aa=2']);
  });

  test('a watch may start in the past', async () => {
    const first = await put('a', '1');
    await put('a', '2');
    await remove('a');
    watcher.create({ ...all(), startRevision: first + 1n });
    await put('a', '3');
    await expect.poll(() => events()).toEqual(['put a=2', 'delete a', 'put a=3']);
  });

  test('a watch may start in the future', async () => {
    const now = await put('a', '1');
    watcher.create({ ...all(), startRevision: now + 3n });
    await created();
    for (const text of ['2', '3', '4', '5']) await put('a', text);
    await expect.poll(() => events()).toEqual(['put a=4', 'put a=5']);
  });

  test('previous values come along when asked for', async () => {
    const first = await put('a', '1');
    await put('a', '2');
    watcher.create({ ...all(), startRevision: first, prevKv: true });
    await remove('a');
    await put('a', '3');
    await expect.poll(() => events()).toEqual(['put a=1', 'put a=2 (was 1)', 'delete a (was 2)', 'put a=3']);
  });

  test('puts or deletions can be left out', async () => {
    watcher.create({ ...all(), watchId: 1n, filters: [WatchCreateRequest_FilterType.Noput] });
    watcher.create({ ...all(), watchId: 2n, filters: [WatchCreateRequest_FilterType.Nodelete] });
    await created(2);
    await put('a', '1');
    await remove('a');
    await expect.poll(() => events(1n)).toEqual(['delete a']);
    await expect.poll(() => events(2n)).toEqual(['put a=1']);
  });

  test('all changes of one revision come in one response', async () => {
    watcher.create(all());
    await created();
    for (const name of ['a', 'b', 'c']) await put(name, '');
    await client().deleteRange(all());
    await expect.poll(() => watcher.responses.at(-1)?.events.length).toBe(3);
  });

  test('a compacted start is told, with the oldest revision that is left, and ends the watch', async () => {
    const first = await put('a', '1');
    const second = await put('a', '2');
    await put('a', '3');
    await client().compact({ revision: second, physical: true });
    watcher.create({ ...all(), startRevision: first });
    await expect.poll(() => watcher.responses.length).toBe(2);
    expect(watcher.responses).toMatchObject([
      { created: true, canceled: false },
      { canceled: true, compactRevision: second },
    ]);
    watcher.create({ ...all(), startRevision: second });
    await expect.poll(() => events()).toEqual(['put a=2', 'put a=3']);
  });

  test('a canceled watch confirms and is silent; others on the stream go on', async () => {
    watcher.create({ ...all(), watchId: 5n });
    watcher.create({ ...all(), watchId: 6n });
    await created(2);
    watcher.cancel(5n);
    await expect.poll(() => watcher.responses.at(-1)).toMatchObject({ watchId: 5n, canceled: true, created: false });
    await put('a', '1');
    await expect.poll(() => events(6n)).toEqual(['put a=1']);
    expect(events(5n)).toEqual([]);
  });

  test('ids are given in order, or chosen by the client, but once', async () => {
    for (const watchId of [0n, 0n, 7n, 7n]) watcher.create({ ...all(), watchId });
    await created(4);
    expect(watcher.responses.map(({ watchId, canceled, cancelReason }) => [watchId, canceled, cancelReason])).toEqual([
      [0n, false, ''],
      [1n, false, ''],
      [7n, false, ''],
      [-1n, true, 'mvcc: duplicate watch ID provided on the WatchStream'],
    ]);
  });

  test('a range that holds no key is refused, and the stream goes on', async () => {
    watcher.create({ key: key('b'), rangeEnd: key('a') });
    await created();
    expect(watcher.responses[0]).toMatchObject({
      watchId: -1n,
      canceled: true,
      cancelReason: 'mvcc: watcher range is empty',
    });
    watcher.create(all());
    await created(2);
  });

  test('progress is told on request', async () => {
    watcher.create(all());
    await created();
    const revision = await put('a', '1');
    await expect.poll(() => events()).toEqual(['put a=1']);
    watcher.requestProgress();
    await expect.poll(() => watcher.responses.at(-1)).toMatchObject({ watchId: -1n, events: [], header: { revision } });
  });

  test('a large response comes in fragments when the client takes them', async () => {
    const text = 'x'.repeat(1_000_000);
    for (const name of ['a', 'b', 'c', 'd']) await put(name, text);
    watcher.create({ ...all(), prevKv: true, fragment: true });
    await created();
    await client().deleteRange(all());
    await vi.waitFor(() => expect(events().length).toBe(4), 10_000);
    const parts = watcher.responses.filter((response) => response.events.length > 0);
    expect(parts.length).toBeGreaterThan(1);
    expect(parts.map(({ fragment }) => fragment)).toEqual(parts.map((_, index) => index < parts.length - 1));
  });

  test('a client that does not read for long misses nothing', async () => {
    watcher.create(all());
    await created();
    watcher.pause();
    const text = 'x'.repeat(100_000);
    const expected: string[] = [];
    for (let number = 0; number < 60; number += 1) {
      await put(`${number}`, text);
      expected.push(`put ${number}=${text}`);
    }
    watcher.resume();
    await vi.waitFor(() => expect(events().length).toBe(60), 10_000);
    expect(events()).toEqual(expected);
  });
}
