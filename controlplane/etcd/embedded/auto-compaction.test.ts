import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { connectEtcd } from '../client/connect.ts';
import { startAutoCompaction } from './auto-compaction.ts';
import { type EmbeddedEtcd, startEmbeddedEtcd } from './embedded-etcd.ts';
import { openStore, type Store } from './store/store.ts';

const log = pino({ level: 'silent' });

let folder: string;
let store: Store;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'micro-compaction-'));
  await writeSome();
  store = await openStore({ folder: join(folder, 'etcd'), log });
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true });
});

test('history from before the last interval is given up, and what is stored stays', async () => {
  const { revision } = store;
  const compaction = startAutoCompaction({ store, log, retentionMs: 20 });
  await vi.waitFor(() => expect(store.compactedRevision).toBe(revision));
  compaction.stop();
  expect(store.revision).toBe(revision);
  expect(() => store.view(revision - 1n)).toThrow('required revision has been compacted');
  expect(() => store.view(revision)).not.toThrow();
});

async function writeSome(): Promise<void> {
  const socketPath = join(folder, 'etcd.sock');
  const etcd: EmbeddedEtcd = await startEmbeddedEtcd({ folder: join(folder, 'etcd'), socketPath, log });
  const client = connectEtcd({ hosts: [`unix:${socketPath}`] });
  for (const value of ['1', '2', '3']) await client.put('key').value(value);
  client.close();
  await etcd.stop();
}
