import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { connectEtcd } from '../../etcd/client/connect.ts';
import { type RealEtcd, startRealEtcd } from '../../etcd/contract/real-etcd.ts';
import { readBootId, readProcess } from '../process/table.ts';
import type { Drained } from './context.ts';
import { findOrphans } from './orphans.ts';
import { type InstanceRecord, type InstanceRecords, openInstanceRecords } from './records.ts';

const log = pino({ level: 'silent' });
let etcd: RealEtcd;
let client: ReturnType<typeof connectEtcd>;
let records: InstanceRecords;
let bootId: string;

beforeAll(async () => {
  etcd = await startRealEtcd();
  client = connectEtcd({ hosts: [etcd.host] });
  records = openInstanceRecords({ client, node: 'node-1', log });
  bootId = readBootId();
});
afterAll(async () => {
  client.close();
  await etcd.stop();
});
beforeEach(async () => {
  await client.delete().all();
});

/** A process in a group of its own, as instances are. */
function startSleeper(environment: Readonly<Record<string, string>> = {}): ChildProcess & { readonly pid: number } {
  const child = spawn('sleep', ['1000'], {
    detached: true,
    stdio: 'ignore',
    env: { PATH: '/usr/bin:/bin', ...environment },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child as ChildProcess & { readonly pid: number };
}

const record = (pid: number, startTicks: number): InstanceRecord => ({
  service: 'go.micro.service.hello',
  number: 1,
  version: '1',
  state: 'ready',
  reason: '',
  restarts: 0,
  address: '127.0.0.1:1',
  process: { pid, startTicks, bootId },
});
const options = () => ({
  client,
  node: 'node-1',
  mark: 'here',
  records,
  drained: async () => true,
  limits: { drainMs: 5000, stopGraceMs: 5000 },
  log,
});

const reap = async (): Promise<void> => (await findOrphans(options())).endAllBut(new Set());

test('ends a process that carries the mark, and leaves one with the mark of another runtime alone', async () => {
  const ours = startSleeper({ MICRO_STARTED_BY: 'here' });
  const theirs = startSleeper({ MICRO_STARTED_BY: 'elsewhere' });
  await Promise.all([ours, theirs].map((child) => once(child, 'spawn')));
  const ended = once(ours, 'exit');
  await reap();
  expect(await ended).toEqual([null, 'SIGTERM']);
  expect(theirs.exitCode ?? theirs.signalCode).toBeNull();
});

test('ends a process that a record names, though it lost the mark', async () => {
  const child = startSleeper();
  await records.put(record(child.pid, readProcess(child.pid)?.startTicks ?? 0));
  const ended = once(child, 'exit');
  await reap();
  expect(await ended).toEqual([null, 'SIGTERM']);
});

test('spares a stranger that was given the pid of a record', async () => {
  const child = startSleeper();
  const startTicks = readProcess(child.pid)?.startTicks ?? 0;
  await records.put(record(child.pid, startTicks - 1));
  await reap();
  await records.put({
    ...record(child.pid, startTicks),
    process: { pid: child.pid, startTicks, bootId: 'an earlier boot' },
  });
  await reap();
  expect(child.exitCode ?? child.signalCode).toBeNull();
});

test('takes what it ended out of the registry, and removes the records of this node alone', async () => {
  const others = openInstanceRecords({ client, node: 'node-2', log });
  await records.put(record(2 ** 22 - 1, 1));
  await others.put(record(2 ** 22 - 1, 1));
  await client.put('/micro/registry/go.micro.service.hello/go.micro.service.hello-node-1-1').value('{}');
  await client.put('/micro/registry/go.micro.service.hello/go.micro.service.hello-node-2-1').value('{}');
  await reap();
  expect(await client.getAll().keys()).toEqual([
    '/micro/registry/go.micro.service.hello/go.micro.service.hello-node-2-1',
    '/micro/runtime/instances/node-2/go.micro.service.hello/1',
  ]);
});

test('an instance of a service that is to run serves on, and one that is gone is routed to no more', async () => {
  const child = startSleeper();
  const running = record(child.pid, readProcess(child.pid)?.startTicks ?? 0);
  await records.put(running);
  await records.put({ ...record(2 ** 22 - 1, 1), number: 2 });
  const key = (number: number) => `/micro/registry/go.micro.service.hello/go.micro.service.hello-node-1-${number}`;
  for (const number of [1, 2]) await client.put(key(number)).value('{}');
  const orphans = await findOrphans(options());
  await orphans.endAllBut(new Set([running.service]));
  expect(child.exitCode ?? child.signalCode).toBeNull();
  expect(await client.getAll().prefix('/micro/registry/').keys()).toEqual([key(1)]);
  expect(orphans.numbersOf(running.service)).toEqual([1]);

  const ended = once(child, 'exit');
  await orphans.end(running.service);
  expect(await ended).toEqual([null, 'SIGTERM']);
  expect(await client.getAll().keys()).toEqual([]);
});

test('an instance of a killed server is ended only when its calls in flight are done', async () => {
  const child = startSleeper();
  await records.put(record(child.pid, readProcess(child.pid)?.startTicks ?? 0));
  const drained = vi.fn<Drained>(async () => {
    expect(child.exitCode ?? child.signalCode).toBeNull();
    return true;
  });
  const ended = once(child, 'exit');
  const orphans = await findOrphans({ ...options(), drained });
  await orphans.end('go.micro.service.hello');
  expect(await ended).toEqual([null, 'SIGTERM']);
  expect(drained.mock.calls).toEqual([[0n, ['127.0.0.1:1'], 5000]]);
});

test('what could not be ended while the store was away is ended when it is asked for again', async () => {
  await records.put(record(2 ** 22 - 1, 1));
  const away = new Error('the store is away');
  const remove = vi
    .fn<InstanceRecords['remove']>((service, number) => records.remove(service, number))
    .mockRejectedValueOnce(away);
  const orphans = await findOrphans({ ...options(), records: { ...records, remove } });
  await expect(orphans.end('go.micro.service.hello')).rejects.toBe(away);
  await orphans.end('go.micro.service.hello');
  expect(await client.getAll().keys()).toEqual([]);
});
