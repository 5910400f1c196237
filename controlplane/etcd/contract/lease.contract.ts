import { status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import type { LeaseKeepAliveResponse } from '../gen/rpc.ts';
import type { RawClient } from './raw-client.ts';
import { openWatcher } from './watcher.ts';

/** What the Lease service must do, on whatever etcd `client` reaches. */
export function leaseContract(client: () => RawClient): void {
  const key = (name: string): Buffer => Buffer.from(`lease/${name}`);

  test('a lease has the id asked for, or one of the server’s choice, and at least 2 seconds', async () => {
    expect(await client().leaseGrant({ ID: 1001n, TTL: 600n })).toMatchObject({ ID: 1001n, TTL: 600n });
    const { ID, TTL } = await client().leaseGrant({ TTL: 1n });
    expect(ID).toBeGreaterThan(0n);
    expect(TTL).toBe(2n);
    const { leases } = await client().leaseLeases();
    expect(leases.map((lease) => lease.ID)).toContain(1001n);
  });

  test.each([
    ['an id that is taken', { ID: 1002n, TTL: 60n }, status.FAILED_PRECONDITION, 'etcdserver: lease already exists'],
    ['a time that is too long', { TTL: 9_000_000_001n }, status.OUT_OF_RANGE, 'etcdserver: too large lease TTL'],
  ])('%s is refused', async (_, request, code, details) => {
    if ('ID' in request) await client().leaseGrant(request);
    await expect(client().leaseGrant(request)).rejects.toMatchObject({ code, details });
  });

  test('revoking deletes the keys of the lease in one revision', async () => {
    const { ID } = await client().leaseGrant({ TTL: 600n });
    for (const name of ['revoke/a', 'revoke/b', 'revoke/c']) await client().put({ key: key(name), lease: ID });
    // Moved away: no longer the lease's.
    const { header } = await client().put({ key: key('revoke/c') });
    const revoked = await client().leaseRevoke({ ID });
    expect(revoked.header?.revision).toBe((header?.revision ?? 0n) + 1n);
    const { kvs } = await client().range({ key: key('revoke/'), rangeEnd: key('revoke0') });
    expect(kvs.map((kv) => kv.key)).toEqual([key('revoke/c')]);
    await expect(client().leaseRevoke({ ID })).rejects.toMatchObject({
      code: status.NOT_FOUND,
      details: 'etcdserver: requested lease not found',
    });
  });

  test('time to live tells what was granted, what is left, and the keys', async () => {
    const { ID } = await client().leaseGrant({ TTL: 600n });
    await client().put({ key: key('ttl'), lease: ID });
    const { TTL, grantedTTL, keys } = await client().leaseTimeToLive({ ID, keys: true });
    expect([grantedTTL, keys]).toEqual([600n, [key('ttl')]]);
    expect(TTL).toBeGreaterThan(500n);
    expect((await client().leaseTimeToLive({ ID })).keys).toEqual([]);
    expect(await client().leaseTimeToLive({ ID: 999_998n })).toMatchObject({ ID: 999_998n, TTL: -1n, grantedTTL: 0n });
  });

  test('keep-alive answers with the time granted, and 0 for a lease that is not there', async () => {
    const { ID } = await client().leaseGrant({ TTL: 600n });
    const stream = client().leaseKeepAlive();
    const answers: LeaseKeepAliveResponse[] = [];
    stream.on('data', (answer: LeaseKeepAliveResponse) => answers.push(answer));
    stream.on('error', () => undefined);
    stream.write({ ID });
    stream.write({ ID: 999_997n });
    await expect
      .poll(() => answers.map((answer) => [answer.ID, answer.TTL]))
      .toEqual([
        [ID, 600n],
        [999_997n, 0n],
      ]);
    stream.cancel();
  });

  test('an expired lease takes its keys along in one revision, and is gone', async () => {
    const watcher = openWatcher(client());
    watcher.create({ key: key('expire/'), rangeEnd: key('expire0') });
    const { ID } = await client().leaseGrant({ TTL: 2n });
    for (const name of ['expire/a', 'expire/b']) await client().put({ key: key(name), lease: ID });
    await expect
      .poll(() => watcher.responses.at(-1)?.events.map(({ kv }) => kv?.key.toString()), { timeout: 15_000 })
      .toEqual(['lease/expire/a', 'lease/expire/b']);
    expect((await client().leaseTimeToLive({ ID })).TTL).toBe(-1n);
    watcher.end();
  });
}
