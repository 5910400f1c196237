import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { RouteSubscriber } from '../../proto/routes/source.ts';
import { service, silent, snapshotWith, type TestSource, testSource } from '../data-plane.fixture.ts';
import { LastGoodFile } from './last-good.ts';
import { PresentTable } from './present.ts';
import { type Subscription, startSubscription } from './subscription.ts';

const greeter = service('go.micro.api.greeter', ['127.0.0.1:1']);

async function lastGoodFile(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'micro-subscription-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return join(folder, 'routes.last-good');
}

async function start(
  source: TestSource,
  path: string,
): Promise<{ present: PresentTable; subscription: Subscription; results: string[] }> {
  const present = new PresentTable(path);
  const results: string[] = [];
  const subscription = startSubscription({
    present,
    source,
    name: 'test',
    httpAddress: ':8080',
    lastGoodFile: path,
    firstTableMs: 1,
    onUpdate: (result) => results.push(result),
    log: silent,
  });
  onTestFinished(() => subscription.stop());
  return { present, subscription, results };
}

test('a table that was applied is the last good one after a restart without a control plane', async () => {
  const path = await lastGoodFile();
  const first = await start(testSource(greeter), path);
  expect(first.subscription.status()).toEqual({ revision: 1n, source: 'stream', connection: { status: 'connected' } });
  await first.subscription.stop();

  const { subscription } = await start(testSource(), path);
  await vi.waitFor(() => expect(subscription.status().source).toBe('last-good'));
  expect(subscription.status()).toMatchObject({ revision: 1n, connection: { status: 'disconnected' } });
});

test('after the last good table, a control plane may send the same or a newer one but no older one', async () => {
  const path = await lastGoodFile();
  const file = new LastGoodFile(path, silent);
  file.save(() => snapshotWith([greeter], { revision: 5n }));
  await file.flush();
  const source = testSource();
  const { present, subscription, results } = await start(source, path);
  await vi.waitFor(() => expect(present.revision).toBe(5n));

  expect(() => source.send({ $case: 'snapshot', value: snapshotWith([], { revision: 4n }) })).toThrow('older');
  expect(subscription.status()).toMatchObject({ revision: 5n, source: 'last-good' });
  source.send({ $case: 'snapshot', value: snapshotWith([greeter], { revision: 5n }) });
  expect(subscription.status()).toMatchObject({ revision: 5n, source: 'stream' });
  expect(results).toEqual(['applied', 'refused', 'applied']);
});

test('the last good table is not read when a control plane was faster', async () => {
  const path = await lastGoodFile();
  const file = new LastGoodFile(path, silent);
  file.save(() => snapshotWith([greeter], { clusterId: 2n, revision: 5n }));
  await file.flush();
  const { subscription } = await start(testSource(greeter), path);
  expect(subscription.status()).toMatchObject({ revision: 1n, source: 'stream' });
});

test('after stop no update is applied', async () => {
  const source = testSource(greeter);
  const { present, subscription } = await start(source, await lastGoodFile());
  await subscription.stop();
  source.serve();
  expect(present.revision).toBe(1n);
});

test('the same trouble with the control plane is told once, and that it is over', async () => {
  const lines: string[] = [];
  const path = await lastGoodFile();
  let subscriber: RouteSubscriber | undefined;
  const subscription = startSubscription({
    present: new PresentTable(path),
    source: {
      subscribe(given) {
        subscriber = given;
        return { drained() {}, close() {} };
      },
    },
    name: 'test',
    httpAddress: ':8080',
    lastGoodFile: path,
    firstTableMs: 60_000,
    onUpdate() {},
    log: pino({ base: null }, { write: (line) => void lines.push((JSON.parse(line) as { msg: string }).msg) }),
  });
  onTestFinished(() => subscription.stop());
  const away = { status: 'disconnected', reason: 'refused' } as const;
  for (let attempt = 0; attempt < 3; attempt += 1) subscriber?.connection(away);
  subscriber?.connection({ status: 'connected' });
  await subscriber?.apply({ $case: 'snapshot', value: snapshotWith([greeter]) });
  for (let attempt = 0; attempt < 3; attempt += 1) subscriber?.connection(away);
  subscriber?.connection({ ...away, reason: 'another' });

  expect(lines).toEqual([
    'no control plane, and no route table yet',
    'connected to the control plane',
    'lost the control plane: serving from the present route table',
    'lost the control plane: serving from the present route table',
  ]);
});
