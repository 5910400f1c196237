import { once } from 'node:events';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import type { Figure } from '../../figure.ts';
import { residentBytes } from '../../resident-memory.ts';
import type { Bench } from '../bench.types.ts';
import { check } from '../check.ts';
import type { Proxy } from '../contenders/contender.types.ts';
import { micro } from '../contenders/micro.ts';
import { nginx } from '../contenders/nginx.ts';
import { prefix, small } from '../exchange.ts';

const count = 10_000;

/** Besides those of the connections, which the proxy has and the clients have too. */
const otherFiles = 500;

/** Before memory is looked at: what was needed for a moment is given back. */
const restMs = 3_000;

const clients = fileURLToPath(new URL('idle-clients.process.js', import.meta.url));

/** What a connection costs that has served a request and stays open, in a proxy that has just been started. */
export const idleConnections: Bench = {
  name: 'idle',
  async run({ contenders, folder, instance, cores, rounds, nodeOptions, signal }) {
    await assertEnoughFiles();
    const figures: Figure[] = [];
    for (const contender of contenders.filter((candidate) => candidate === nginx || candidate === micro)) {
      const samples: number[] = [];
      for (let round = 0; round < rounds; round += 1) {
        const own = join(folder, `${contender.name}-${round}`);
        await mkdir(own);
        await using running = await contender.start({ folder: own, instance, core: cores.proxy, nodeOptions });
        const proxy = { ...running, title: contender.title };
        await check(proxy, small);
        samples.push((await measure(proxy, signal)) / 1024);
      }
      const targets = contender === micro ? [{ atMost: 12 }] : [];
      const name = 'memory of an idle connection, of 10,000';
      figures.push({ name, contender: contender.title, unit: 'KiB', samples, targets });
    }
    return figures;
  },
};

/** Of the hard limit: Node raises its own to that, and hands it on. */
async function assertEnoughFiles(): Promise<void> {
  const limits = await readFile('/proc/self/limits', 'utf8');
  const [, most] = /^Max open files +\S+ +(\d+)/m.exec(limits) ?? [];
  if (Number(most) < count + otherFiles)
    throw new Error(`a process may open ${most} files, ${count + otherFiles} are needed: raise it with ulimit -Hn`);
}

/** @returns bytes for each connection */
async function measure({ pid, address }: Proxy, signal: AbortSignal): Promise<number> {
  await pause(restMs, undefined, { signal });
  const before = await residentBytes(pid);
  const url = `http://${address}${prefix}${small.path}`;
  const child = execa(process.execPath, [clients, url, String(count)], {
    stdin: 'pipe',
    stderr: 'inherit',
    cancelSignal: signal,
  });
  child.catch(() => undefined);
  // It says so when all are open and have been answered.
  await Promise.race([once(createInterface(child.stdout), 'line', { signal }), child]);
  await pause(restMs, undefined, { signal });
  const after = await residentBytes(pid);
  child.stdin.end();
  await child;
  return (after - before) / count;
}
