import assert from 'node:assert/strict';
import { join } from 'node:path';
import { execa } from 'execa';
import { startServer } from '../harness/server.ts';
import type { Figure } from './figure.ts';

const rounds = 15;

const bareNode = 'node -e 0';

/** From the start of the process to /readyz, with fresh data; against a Node that does nothing. */
export async function measureStartUp(folder: string): Promise<readonly Figure[]> {
  const bare: number[] = [];
  const server: number[] = [];
  // One of each before those that count: what is read from the disk is in memory then.
  for (let round = -1; round < rounds; round += 1) {
    const bareMs = await startNode();
    const serverMs = await startMicro(join(folder, `data-${round}`));
    if (round < 0) continue;
    bare.push(bareMs);
    server.push(serverMs);
  }
  const name = 'start to /readyz';
  return [
    { name, contender: bareNode, unit: 'ms', samples: bare },
    { name, contender: 'micro server', unit: 'ms', samples: server, targets: [{ atMostTimes: 10, of: bareNode }] },
  ];
}

async function startNode(): Promise<number> {
  const start = performance.now();
  await execa(process.execPath, ['-e', '0']);
  return performance.now() - start;
}

async function startMicro(dataDir: string): Promise<number> {
  const start = performance.now();
  await using server = await startServer({ dataDir });
  const ready = await fetch(`http://${server.addresses.admin}/readyz`);
  const elapsedMs = performance.now() - start;
  assert.equal(ready.status, 200);
  // Ready is to know what is routed: nothing yet.
  assert.equal((await fetch(server.url('/service/nobody/'))).status, 404);
  return elapsedMs;
}
