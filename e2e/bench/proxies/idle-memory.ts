import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { residentBytes } from '../resident-memory.ts';
import type { Proxy } from './contender.types.ts';

const count = 10_000;

/** Besides those of the connections, which the proxy has and the clients have too. */
const otherFiles = 500;

/** Before memory is looked at: what was needed for a moment is given back. */
const restMs = 3_000;

/**
 * What a connection costs that stays open and does nothing, of 10,000.
 *
 * @param clients a program that is told where to connect to and how often, says so in a line when all are open, and
 *   keeps them until its input ends
 * @param target what the program connects to, as it takes it
 * @returns KiB for each connection
 */
export async function idleMemory(
  { pid }: Proxy,
  { clients, target, signal }: { readonly clients: URL; readonly target: string; readonly signal: AbortSignal },
): Promise<number> {
  await assertEnoughFiles();
  await pause(restMs, undefined, { signal });
  const before = await residentBytes(pid);
  const child = execa(process.execPath, [fileURLToPath(clients), target, String(count)], {
    stdin: 'pipe',
    stderr: 'inherit',
    cancelSignal: signal,
  });
  child.catch(() => undefined);
  await Promise.race([once(createInterface(child.stdout), 'line', { signal }), child]);
  await pause(restMs, undefined, { signal });
  const after = await residentBytes(pid);
  child.stdin.end();
  await child;
  return (after - before) / count / 1024;
}

/** Of the hard limit: Node raises its own to that, and hands it on. */
async function assertEnoughFiles(): Promise<void> {
  const limits = await readFile('/proc/self/limits', 'utf8');
  const [, most] = /^Max open files +\S+ +(\d+)/m.exec(limits) ?? [];
  if (Number(most) < count + otherFiles)
    throw new Error(`a process may open ${most} files, ${count + otherFiles} are needed: raise it with ulimit -Hn`);
}
