import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { spawnMicro } from '../harness/command.ts';
import { test } from '../harness/test.ts';

/** Processes with a text in their command line. */
async function processesWith(text: string): Promise<readonly string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
  return pids.filter((_, index) => lines[index]?.includes(text));
}

test('what git had running for a server that was killed is ended by the next one', async ({ start, folder }) => {
  // A git server that never answers.
  const silent = createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  onTestFinished(() => {
    silent.close();
    silent.closeAllConnections();
  });
  const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/app.git`;

  const dataDir = join(folder, 'data');
  const first = await start({ dataDir });
  const asked = once(silent, 'request');
  const running = spawnMicro(['run', url, '--server', first.addresses.grpc], { MICRO_DATA_DIR: dataDir });
  await asked;
  await first.crash();
  await running;
  expect(await processesWith(url)).not.toEqual([]);

  const second = await start({ dataDir });
  expect(await processesWith(url)).toEqual([]);
  expect((await readdir(join(dataDir, 'sources'))).filter((name) => name.startsWith('.'))).toEqual([]);
  expect(await second.stop()).toBe(0);
});
