import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeNodeCredentials } from '../../cluster/credentials/node-credentials.ts';
import { markVariable } from '../../runtime/instance/mark.ts';
import { Ports } from '../../runtime/instance/port.ts';
import { endProcesses } from '../../runtime/process/end.ts';
import { listProcesses, readEnvironment } from '../../runtime/process/table.ts';
import { connectEtcd } from '../client/connect.ts';
import { type ManagedMember, startManagedMember } from './member.ts';
import { findEtcd } from './program.ts';

const environment = { PATH: process.env['PATH'] ?? '' };

let folder: string;
let mark: string;
let stack: AsyncDisposableStack;
let lines: { readonly level: number; readonly msg: string }[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'micro-member-'));
  mark = `${folder}:etcd`;
  lines = [];
  stack = new AsyncDisposableStack();
  stack.defer(() => rm(folder, { recursive: true }));
});

afterEach(() => stack.disposeAsync());

const log = pino({ level: 'debug' }, { write: (line) => void lines.push(JSON.parse(line)) });

/** Starts a cluster of one member; a client of it, too. */
async function start(file = 'etcd') {
  const program = file === 'etcd' ? await findEtcd(file, environment) : { file, version: '3.4.0' };
  const options = { clusterToken: 'x'.repeat(40), node: 'one', hosts: ['127.0.0.1'], folder: join(folder, 'tls'), log };
  const credentials = stack.adopt(await makeNodeCredentials(options), (made) => made.stop());
  const ports = new Ports('127.0.0.1');
  const [clientPort, peerPort] = [await ports.take(), await ports.take()];
  const self = { name: 'one@127.0.0.1:1', peerUrl: `https://127.0.0.1:${peerPort}` };
  const starting = startManagedMember({
    program,
    settings: {
      ...self,
      folder: join(folder, 'etcd'),
      listenPeers: { host: '127.0.0.1', port: peerPort },
      listenClients: { host: '127.0.0.1', port: clientPort },
      tls: credentials.files,
      initial: { clusterName: 'test', members: [self], existing: false },
    },
    environment,
    mark,
    log,
  });
  const member: ManagedMember = stack.adopt(await starting, (member) => member.stop());
  const hosts = [`127.0.0.1:${clientPort}`];
  const client = stack.adopt(connectEtcd({ hosts, tls: credentials.channel }), (client) => client.close());
  return { member, client, stranger: stack.adopt(connectEtcd({ hosts, timeoutMs: 2_000 }), (it) => it.close()) };
}

const processes = () => listProcesses().filter(({ pid }) => readEnvironment(pid).includes(`${markVariable}=${mark}`));
const slow = { timeout: 20_000 };

test('a member serves those who have a certificate, is started again when it dies, and ends with us', async () => {
  const { member, client, stranger } = await start();
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
  expect(lines.map(({ msg }) => msg)).toContain('etcd was ended by SIGKILL; it is started again');

  await member.stop();
  expect(processes()).toEqual([]);
});

test('its log is in ours, at its levels', async () => {
  const { member, client } = await start();
  await expect.poll(() => client.get('key').string().catch(String), slow).toBe(null);
  await member.stop();
  const own = lines.filter(({ msg }) => msg.startsWith('etcd: '));
  expect(own.find(({ msg }) => msg === 'etcd: starting an etcd server')?.level).toBe(30);
  expect(own.map(({ level }) => level)).toContain(40);
});

test('what a killed server left of it is ended before it starts', async () => {
  const left: ChildProcess = spawn('sleep', ['1000'], {
    detached: true,
    env: { ...environment, [markVariable]: mark },
  });
  const ended = once(left, 'exit');
  await once(left, 'spawn');
  stack.defer(async () => void (await endProcesses(processes, 1_000)));
  await start();
  expect(await ended).toEqual([null, 'SIGTERM']);
  expect(lines).toContainEqual(
    expect.objectContaining({ msg: 'ending the etcd that a killed server left', pids: [left.pid] }),
  );
});

test('one that never serves is given up, with what it said', async () => {
  const broken = join(folder, 'broken');
  await writeFile(
    broken,
    '#!/bin/sh\necho \'{"level":"fatal","msg":"cannot open","error":"disk is gone"}\' >&2; exit 1\n',
  );
  await chmod(broken, 0o755);
  const { member } = await start(broken);
  const failure = await member.failed;
  expect(failure.message).toMatch(/etcd on \S+ does not stay up, it exited with code 1: cannot open: disk is gone$/);
});
