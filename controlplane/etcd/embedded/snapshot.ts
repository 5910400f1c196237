import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ServerWritableStream } from '@grpc/grpc-js';
import type { SnapshotRequest, SnapshotResponse } from '../gen/rpc.ts';
import { headerOf } from './rpc.ts';
import type { Store } from './store/store.ts';

/** As etcd sends it. */
const chunkBytes = 32 * 1024;

/** What the folder of an unfinished copy begins with. */
export const snapshotPrefix = 'snapshot-';

/**
 * Streams a copy of the store as of one moment, then its SHA-256, by which clients tell a whole one. The file is this
 * server's own: an LMDB data file. https://github.com/etcd-io/etcd, `server/etcdserver/api/v3rpc/maintenance.go`
 */
export async function streamSnapshot(
  store: Store,
  call: ServerWritableStream<SnapshotRequest, SnapshotResponse>,
): Promise<void> {
  const header = headerOf(store);
  const folder = await mkdtemp(join(dirname(store.path), snapshotPrefix));
  try {
    const path = join(folder, 'data.mdb');
    await store.copyTo(path);
    const file = await open(path);
    try {
      const hash = createHash('sha256');
      let remaining = (await file.stat()).size;
      for await (const blob of file.createReadStream({ highWaterMark: chunkBytes, autoClose: false })) {
        if (call.cancelled) return;
        hash.update(blob);
        remaining -= blob.length;
        if (!call.write({ header, remainingBytes: BigInt(remaining), blob })) await drained(call);
      }
      call.write({ header, remainingBytes: 0n, blob: hash.digest() });
      call.end();
    } finally {
      await file.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Until the client takes more, or has gone away. */
async function drained(call: ServerWritableStream<SnapshotRequest, SnapshotResponse>): Promise<void> {
  const done = new AbortController();
  const { signal } = done;
  await Promise.race([
    once(call, 'drain', { signal }),
    once(call, 'cancelled', { signal }),
    once(call, 'close', { signal }),
  ]);
  done.abort();
}
