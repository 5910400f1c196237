import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { connectEtcd } from './connect.ts';
import { type RealEtcd, startRealEtcd } from '../contract/real-etcd.ts';
import { startMirror } from './mirror.ts';
import type { Mirror, MirrorChange } from './mirror.types.ts';

const log = pino({ level: 'silent' });
const prefix = '/micro/';

describe('the mirror', () => {
  let etcd: RealEtcd;
  let client: ReturnType<typeof connectEtcd>;
  let mirror: Mirror;
  let changes: MirrorChange[];

  beforeEach(async () => {
    etcd = await startRealEtcd();
    client = connectEtcd({ hosts: [etcd.host] });
    await client.put('/micro/a').value('1');
    mirror = await startMirror({ client, prefix, log });
    changes = [];
    mirror.onChange(prefix, (change) => changes.push(change));
  });

  afterEach(async () => {
    await mirror.stop();
    client.close();
    await etcd.stop();
  });

  const text = (key: string) => mirror.get(key)?.value.toString();

  test('holds what the store holds under its prefix, and follows it', async () => {
    expect(mirror.list(prefix).map(({ key }) => key)).toEqual(['/micro/a']);
    await client.put('/other/b').value('2');
    const { header } = await client.put('/micro/b').value('2');
    await vi.waitFor(() => expect(text('/micro/b')).toBe('2'));
    expect(mirror.revision).toBe(BigInt(header.revision));
    expect(mirror.status).toEqual({ reachable: true });
    await client.delete().key('/micro/a');
    await vi.waitFor(() => expect(mirror.get('/micro/a')).toBeUndefined());
    expect(changes.map(({ put, deleted }) => [put.map(({ key }) => key), deleted])).toEqual([
      [['/micro/b'], []],
      [[], ['/micro/a']],
    ]);
  });

  test('takes over what changed while a killed store was away', async () => {
    await etcd.kill();
    await vi.waitFor(() => expect(mirror.status.reachable).toBe(false), 10_000);
    expect(text('/micro/a')).toBe('1');
    await etcd.restart();
    await client.put('/micro/a').value('2');
    await vi.waitFor(() => expect(text('/micro/a')).toBe('2'), 15_000);
    await vi.waitFor(() => expect(mirror.status).toEqual({ reachable: true }), 10_000);
  });
});
