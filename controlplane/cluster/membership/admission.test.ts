import { afterEach, beforeEach, expect, test } from 'vitest';
import type { EtcdMembers } from '../../etcd/client/members.ts';
import { Place } from '../../etcd/managed/one-member.fixture.ts';
import { Admission } from './admission.ts';
import type { MembershipRecord } from './record.ts';

const newcomer = { name: 'two@127.0.0.1:9083', peerUrl: 'https://127.0.0.1:9380' };

let place: Place;
let members: EtcdMembers;
let record: MembershipRecord;
let admission: Admission;

beforeEach(async () => {
  place = await Place.make();
  const started = await place.startMember();
  ({ members } = started);
  record = { stage: 'member', self: started.self, joined: false, plan: started.plan };
  admission = new Admission({ members, record: () => record, log: place.log });
  await expect.poll(() => started.client.get('any').string().catch(String)).toBe(null);
});

afterEach(() => place[Symbol.asyncDispose]());

test('a node is let in as a learner, and once, however often it asks before it starts', async () => {
  const answer = await admission.join(newcomer);
  expect(answer.learner).toBe(true);
  expect(answer.plan).toEqual({ clusterName: 'test', members: expect.arrayContaining([record.self, newcomer]) });
  const first = (await members.list()).find(({ peerUrl }) => peerUrl === newcomer.peerUrl);
  expect(first).toMatchObject({ learner: true, started: false, name: '' });

  expect(await admission.join(newcomer)).toEqual(answer);
  expect(await members.list()).toContainEqual(first);
  expect(await members.list()).toHaveLength(2);
});

test('a learner that has yet to be seen does not vote', async () => {
  await expect(admission.promote(newcomer.name)).rejects.toMatchObject({ code: 'unavailable' });
});

test('a second node of one name is refused', async () => {
  const copied = { ...newcomer, name: 'one@127.0.0.1:9083' };
  await expect(admission.join(copied)).rejects.toThrow('one@127.0.0.1:8083 has the same name as 127.0.0.1:9083');
  expect(await members.list()).toHaveLength(1);
});

test.each(['forming', 'joining'] as const)('a node that is %s itself lets nobody in', async (stage) => {
  record = { ...record, stage };
  await expect(admission.join(newcomer)).rejects.toMatchObject({ code: 'unavailable' });
});
