import { createServer } from 'node:net';
import { once } from 'node:events';
import { status } from '@grpc/grpc-js';
import { Etcd3 } from 'etcd3';
import { execa } from 'execa';
import pino from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { formatAddress, parseAddress } from '../../../proto/channel/address.ts';
import { type EtcdUnderTest, startTemporaryEmbeddedEtcd } from '../../etcd/contract/embedded.ts';
import { connectRaw, message, type RawClient } from '../../etcd/contract/raw-client.ts';
import { startRealEtcd } from '../../etcd/contract/real-etcd.ts';
import { openWatcher } from '../../etcd/contract/watcher.ts';
import {
  Compare,
  DeleteRangeRequest,
  type LeaseKeepAliveResponse,
  PutRequest,
  RangeRequest,
  type RequestOp,
  TxnRequest,
} from '../../etcd/gen/rpc.ts';
import { type RegistryDoor, startRegistryDoor } from './door.ts';

const log = pino({ level: 'silent' });
const denied = {
  code: status.PERMISSION_DENIED,
  details: expect.stringContaining('lets services register themselves under /micro/registry/') as string,
};
const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

describe.each([
  ['the embedded etcd', startTemporaryEmbeddedEtcd],
  ['a real etcd', startRealEtcd],
])('a registry door in front of %s', (_, start: () => Promise<EtcdUnderTest>) => {
  let etcd: EtcdUnderTest;
  let door: RegistryDoor;
  let host: string;
  let inside: RawClient;
  let client: RawClient;
  beforeAll(async () => {
    etcd = await start();
    door = await startRegistryDoor({
      listen: { host: '127.0.0.1', port: 0 },
      upstream: [parseAddress(etcd.host)],
      log,
    });
    host = formatAddress(door.address);
    inside = connectRaw(etcd.host);
    client = connectRaw(host);
    await inside.put({ key: bytes('/micro/runtime/secret'), value: bytes('secret') });
    await inside.put({ key: bytes('/micro/registry/micro.runtime.v1/internal'), value: bytes('internal') });
  });
  afterAll(async () => {
    client.close();
    inside.close();
    await door.stop();
    await etcd.stop();
  });
  afterEach(async () => {
    const { kvs } = await inside.range({ key: bytes('/micro/runtime/secret') });
    expect(kvs.map((kv) => kv.value.toString())).toEqual(['secret']);
  });

  test('a service registers as go-micro does: lease, put, keep-alive, list, watch, delete', async () => {
    const etcd3 = new Etcd3({ hosts: host });
    const watcher = await etcd3.watch().prefix('/micro/registry/').withPreviousKV().create();
    const seen: string[] = [];
    watcher.on('put', ({ key }) => seen.push(`put ${key.toString()}`));
    watcher.on('delete', ({ key }, previous) => seen.push(`delete ${key.toString()} ${previous?.value.toString()}`));
    const key = '/micro/registry/go.micro.srv.greeter/1';
    const lease = etcd3.lease(60, { autoKeepAlive: false });
    await lease.put(key).value('{}');
    await lease.keepaliveOnce();
    expect(await etcd3.getAll().prefix('/micro/registry/go.').strings()).toEqual({ [key]: '{}' });
    expect(
      await etcd3.if(key, 'Version', '==', 1).then(etcd3.get(key)).else(etcd3.put(key).value('')).commit(),
    ).toMatchObject({
      succeeded: true,
    });
    await etcd3.delete().key(key);
    await expect.poll(() => seen).toEqual([`put ${key}`, `delete ${key} {}`]);
    await lease.revoke();
    etcd3.close();
  });

  test('etcdctl works within the registry, and is told why not elsewhere', async () => {
    const etcdctl = (...args: string[]): ReturnType<typeof execa> =>
      execa('etcdctl', [`--endpoints=${host}`, ...args], { env: { ETCDCTL_API: '3' }, timeout: 15_000 });
    expect((await etcdctl('put', '/micro/registry/ctl/1', 'x')).stdout).toBe('OK');
    expect((await etcdctl('get', '/micro/registry/ctl', '--prefix')).stdout).toBe('/micro/registry/ctl/1\nx');
    expect((await etcdctl('del', '/micro/registry/ctl/1')).stdout).toBe('1');
    expect((await etcdctl('endpoint', 'status')).stdout).toContain(host);
    expect((await etcdctl('member', 'list')).stdout).toContain(`http://${host}`);
    for (const args of [
      ['get', '/micro/runtime/secret'],
      ['get', '', '--from-key'],
      ['get', '/micro/', '--prefix'],
      ['put', '/micro/registry', 'x'],
      ['compaction', '1'],
      ['snapshot', 'save', '/dev/null'],
      ['lease', 'list'],
      ['member', 'remove', '1'],
    ])
      await expect(etcdctl(...args)).rejects.toThrow('permission denied');
  });

  const ranges: readonly (readonly [string, string, string])[] = [
    ['another key', '/micro/runtime/secret', ''],
    ['the prefix without its slash', '/micro/registry', ''],
    ['no key', '', ''],
    ['everything', '\0', '\0'],
    ['a range without end', '/micro/registry/a', '\0'],
    ['a range past the end', '/micro/registry/a', '/micro/registry0\0'],
    ['a range far past the end', '/micro/registry/a', '/micro/runtime/z'],
    ['a range from before', '/micro/', '/micro/registry0'],
    ['a range to the highest key', '/micro/registry/', '\xff'],
  ];

  describe.each(ranges)('%s', (_, key, rangeEnd) => {
    const keys = { key: bytes(key), rangeEnd: bytes(rangeEnd) };
    const op: Record<string, RequestOp> = {
      range: { request: { $case: 'requestRange', value: message(RangeRequest, keys) } },
      deleteRange: { request: { $case: 'requestDeleteRange', value: message(DeleteRangeRequest, keys) } },
      put: { request: { $case: 'requestPut', value: message(PutRequest, { key: keys.key }) } },
    };
    const nest = (inner: RequestOp): RequestOp => ({
      request: { $case: 'requestTxn', value: message(TxnRequest, { failure: [inner] }) },
    });

    test('is not read', async () => {
      await expect(client.range(keys)).rejects.toMatchObject(denied);
      await expect(client.range({ ...keys, countOnly: true })).rejects.toMatchObject(denied);
    });

    test('is not deleted', async () => {
      await expect(client.deleteRange({ ...keys, prevKv: true })).rejects.toMatchObject(denied);
    });

    test('is not reached by a transaction, in any branch, however deep', async () => {
      for (const inner of [op['range'], op['deleteRange'], ...(rangeEnd === '' ? [op['put']] : [])]) {
        if (inner === undefined) continue;
        await expect(client.txn({ success: [inner] })).rejects.toMatchObject(denied);
        await expect(client.txn({ failure: [nest(nest(inner))] })).rejects.toMatchObject(denied);
      }
      await expect(client.txn({ compare: [message(Compare, keys)] })).rejects.toMatchObject(denied);
    });

    test('is not watched', async () => {
      const watcher = openWatcher(client);
      watcher.create({ key: bytes('/micro/registry/a') });
      watcher.create({ ...keys, startRevision: 1n, prevKv: true });
      watcher.create({ key: bytes('/micro/registry/b') });
      await expect.poll(() => watcher.responses.length).toBe(3);
      expect(watcher.responses).toMatchObject([
        { created: true, canceled: false, watchId: 0n },
        { created: true, canceled: true, watchId: -1n, cancelReason: denied.details },
        { created: true, canceled: false, watchId: 1n },
      ]);
      expect(watcher.events()).toEqual([]);
      watcher.end();
    });
  });

  test('a put outside is refused', async () => {
    for (const key of ['/micro/runtime/secret', '/micro/registry', '/micro/registry0', '', '\0'])
      await expect(client.put({ key: bytes(key), prevKv: true })).rejects.toMatchObject(denied);
  });

  test('names of internal systems can be read, and not written', async () => {
    const internal = bytes('/micro/registry/micro.runtime.v1/internal');
    expect((await client.range({ key: internal })).kvs[0]?.value).toEqual(bytes('internal'));
    await expect(client.put({ key: internal })).rejects.toMatchObject(denied);
    await expect(client.put({ key: bytes('/micro/registry/domain/micro.x/1') })).rejects.toMatchObject(denied);
    for (const [key, rangeEnd] of [
      [internal, bytes('')],
      [bytes('/micro/registry/'), bytes('/micro/registry0')],
      [bytes('/micro/registry/micro.a'), bytes('/micro/registry/micro.z')],
      [bytes('/micro/registry/a'), bytes('/micro/registry/micro.\0')],
    ] as const)
      await expect(client.deleteRange({ key, rangeEnd })).rejects.toMatchObject(denied);
    await client.put({ key: bytes('/micro/registry/microphone/1') });
    await client.deleteRange({ key: bytes('/micro/registry/microphone'), rangeEnd: bytes('/micro/registry/z') });
    expect((await inside.range({ key: internal })).count).toBe(1n);
  });

  test.each([
    ['outside the registry', '/micro/runtime/leased'],
    ['of an internal system', '/micro/registry/micro.runtime.v1/leased'],
  ])('a lease that holds a key %s is out of reach', async (_, key) => {
    const { ID } = await inside.leaseGrant({ TTL: 600n });
    await inside.put({ key: bytes(key), lease: ID });
    // To add a key of one's own does not help.
    await client.put({ key: bytes('/micro/registry/own/1'), lease: ID });
    await expect(client.leaseRevoke({ ID })).rejects.toMatchObject(denied);
    await expect(client.leaseTimeToLive({ ID, keys: true })).rejects.toMatchObject(denied);
    const stream = client.leaseKeepAlive();
    const ended = new Promise((resolve) => stream.once('status', resolve));
    stream.on('error', () => undefined);
    stream.on('data', () => undefined);
    stream.write({ ID });
    expect(await ended).toMatchObject(denied);
    await inside.leaseRevoke({ ID });
  });

  test('a lease of its own is kept alive, many times on one stream, and revoked', async () => {
    const { ID } = await client.leaseGrant({ TTL: 600n });
    const stream = client.leaseKeepAlive();
    const answers: LeaseKeepAliveResponse[] = [];
    stream.on('data', (answer: LeaseKeepAliveResponse) => answers.push(answer));
    stream.on('error', () => undefined);
    for (let count = 0; count < 20; count += 1) stream.write({ ID });
    stream.write({ ID: 424_242n });
    await expect.poll(() => answers.map(({ TTL }) => TTL)).toEqual([...Array.from({ length: 20 }, () => 600n), 0n]);
    stream.cancel();
    await client.leaseRevoke({ ID });
    await expect(client.leaseRevoke({ ID })).rejects.toMatchObject({ code: status.NOT_FOUND });
  });

  test('etcd’s own refusals are passed on', async () => {
    await expect(client.range({ key: bytes('/micro/registry/a'), revision: 1_000_000n })).rejects.toMatchObject({
      code: status.OUT_OF_RANGE,
      details: 'etcdserver: mvcc: required revision is a future revision',
    });
  });

  test('when etcd goes away, streams end as unavailable, and work again when it is back', async () => {
    const watcher = openWatcher(client);
    watcher.create({ key: bytes('/micro/registry/a') });
    await expect.poll(() => watcher.responses.length).toBe(1);
    await etcd.restart();
    await expect.poll(() => watcher.ended?.code).toBe(status.UNAVAILABLE);
    await expect
      .poll(() =>
        client.range({ key: bytes('/micro/registry/a') }).then(
          () => true,
          () => false,
        ),
      )
      .toBe(true);
    await expect
      .poll(() =>
        inside.range({ key: bytes('a') }).then(
          () => true,
          () => false,
        ),
      )
      .toBe(true);
  });
});

test('a port that is taken makes way for the next free one, within a bound', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const address = taken.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  const options = { upstream: [parseAddress('127.0.0.1:1')], log };
  const door = await startRegistryDoor({ listen: { host: '127.0.0.1', port }, ...options });
  expect(door.address.port).toBeGreaterThan(port);
  expect(door.address.port).toBeLessThan(port + 10);
  await door.stop();
  await expect(startRegistryDoor({ listen: { host: '192.0.2.1', port }, ...options })).rejects.toThrow(
    '--etcd-listen off',
  );
  taken.close();
});

test('an etcd that is not there is unavailable, and the next endpoint is asked', async () => {
  const etcd = await startTemporaryEmbeddedEtcd();
  const door = await startRegistryDoor({
    listen: { host: '127.0.0.1', port: 0 },
    upstream: [parseAddress('127.0.0.1:1'), parseAddress(etcd.host)],
    log,
  });
  const client = connectRaw(formatAddress(door.address));
  const key = bytes('/micro/registry/a');
  await expect(client.put({ key })).rejects.toMatchObject({ code: status.UNAVAILABLE });
  await client.put({ key });
  client.close();
  await door.stop();
  await etcd.stop();
});
