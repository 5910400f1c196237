import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startServer } from '../harness/server.ts';
import type { Figure } from './figure.ts';
import { residentBytes } from './resident-memory.ts';

const servers = 3;
const samplesEach = 5;
const pauseMs = 1000;

/** Resident memory of a `micro server` that has nothing to do. */
export async function measureIdleMemory(folder: string): Promise<readonly Figure[]> {
  const samples: number[] = [];
  for (let round = 0; round < servers; round += 1) {
    await using server = await startServer({ dataDir: join(folder, `data-${round}`) });
    assert.equal((await fetch(`http://${server.addresses.admin}/readyz`)).status, 200);
    for (let taken = 0; taken < samplesEach; taken += 1) {
      await pause(pauseMs);
      samples.push((await residentBytes(server.pid)) / 1e6);
    }
  }
  const targets = [{ atMost: 110 }];
  return [{ name: 'resident memory at idle', contender: 'micro server', unit: 'MB', samples, targets }];
}
