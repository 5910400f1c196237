import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { AlarmRequest, type AlarmResponse, type SnapshotResponse } from '../gen/rpc.ts';
import { message, type RawClient } from './raw-client.ts';

/** What a single member says of itself, on whatever etcd `client` reaches. */
export function maintenanceContract(client: () => RawClient, host: () => string): void {
  test('the status names a member that leads itself, and the size of its data', async () => {
    const { header, version, dbSize, dbSizeInUse, leader, raftTerm, errors } = await client().status();
    expect(version).toMatch(/^3\.\d+\.\d+$/);
    expect(dbSize).toBeGreaterThan(0n);
    expect(dbSizeInUse).toBeLessThanOrEqual(dbSize);
    expect([leader, raftTerm, errors]).toEqual([header?.memberId, header?.raftTerm, []]);
  });

  test('the member list has the one member, with an address that reaches it', async () => {
    const { header, members } = await client().memberList();
    expect(members.map((member) => [member.ID, member.isLearner])).toEqual([[header?.memberId, false]]);
    expect(members[0]?.clientURLs).toContain(`http://${host()}`);
  });

  test('a snapshot ends with the hash of what came before', async () => {
    const hash = createHash('sha256');
    let last: Buffer = Buffer.alloc(0);
    let bytes = 0;
    for await (const { blob } of client().maintenance.snapshot({}) as AsyncIterable<SnapshotResponse>) {
      hash.update(last);
      bytes += last.length;
      last = blob;
    }
    expect(bytes).toBeGreaterThan(0);
    expect(last.subarray(-32)).toEqual(hash.update(last.subarray(0, -32)).digest());
  });

  test('no alarm is raised', async () => {
    const response = await new Promise<AlarmResponse>((resolve, reject) => {
      client().maintenance.alarm(message(AlarmRequest), (error, answer) =>
        error === null ? resolve(answer) : reject(error),
      );
    });
    expect(response.alarms).toEqual([]);
  });
}
