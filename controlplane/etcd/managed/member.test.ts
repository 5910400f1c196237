import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { markVariable } from '../../runtime/instance/mark.ts';
import { endProcesses } from '../../runtime/process/end.ts';
import { listProcesses, readEnvironment } from '../../runtime/process/table.ts';
import { environment, Place } from './one-member.fixture.ts';

let place: Place;

beforeEach(async () => {
  place = await Place.make();
});

afterEach(() => place[Symbol.asyncDispose]());

const processes = () =>
  listProcesses().filter(({ pid }) => readEnvironment(pid).includes(`${markVariable}=${place.mark}`));
const slow = { timeout: 20_000 };

test('a member serves those who have a certificate, is started again when it dies, and ends with us', async () => {
  const { member, client, stranger } = await place.startMember();
  await expect
    .poll(
      () =>
        client
          .put('key')
          .value('kept')
          .then(() => 'done', String),
      slow,
    )
    .toBe('done');
  member.proven();
  await expect(stranger.get('key')).rejects.toThrow(/cannot be reached/);

  const [first] = processes();
  process.kill(first?.pid ?? 0, 'SIGKILL');
  await expect.poll(() => client.get('key').string().catch(String), slow).toBe('kept');
  expect(processes().map(({ pid }) => pid)).not.toContain(first?.pid);
  expect(place.lines.map(({ msg }) => msg)).toContain('etcd was ended by SIGKILL; it is started again');

  await member.stop();
  expect(processes()).toEqual([]);
});

test('its log is in ours, at its levels', async () => {
  const { member, client } = await place.startMember();
  await expect.poll(() => client.get('key').string().catch(String), slow).toBe(null);
  await member.stop();
  const own = place.lines.filter(({ msg }) => msg.startsWith('etcd: '));
  expect(own.find(({ msg }) => msg === 'etcd: starting an etcd server')?.level).toBe(30);
  expect(own.map(({ level }) => level)).toContain(40);
});

test('what a killed server left of it is ended before it starts', async () => {
  const left: ChildProcess = spawn('sleep', ['1000'], {
    detached: true,
    env: { ...environment, [markVariable]: place.mark },
  });
  const ended = once(left, 'exit');
  await once(left, 'spawn');
  place.stack.defer(async () => void (await endProcesses(processes, 1_000)));
  await place.startMember();
  expect(await ended).toEqual([null, 'SIGTERM']);
  expect(place.lines).toContainEqual(
    expect.objectContaining({ msg: 'ending the etcd that a killed server left', pids: [left.pid] }),
  );
});

test('one that never serves is given up, with what it said', async () => {
  const broken = join(place.folder, 'broken');
  await writeFile(
    broken,
    '#!/bin/sh\necho \'{"level":"fatal","msg":"cannot open","error":"disk is gone"}\' >&2; exit 1\n',
  );
  await chmod(broken, 0o755);
  const { member } = await place.startMember(broken);
  const failure = await member.failed;
  expect(failure.message).toMatch(/etcd on \S+ does not stay up, it exited with code 1: cannot open: disk is gone$/);
});
