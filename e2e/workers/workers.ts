import { readdir, readFile, readlink } from 'node:fs/promises';
import type { Server } from '../harness/server.ts';

/** The processes of the workers of a server. */
export async function workersOf({ pid }: Server): Promise<readonly number[]> {
  const children = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim().split(' ').map(Number);
  const commands = await Promise.all(children.map((child) => readFile(`/proc/${child}/cmdline`, 'utf8')));
  return children.filter((_, index) => commands[index]?.endsWith('dataplane\0worker\0'));
}

/** How many sockets a process has open. */
export async function socketsOf(pid: number): Promise<number> {
  const files = await readdir(`/proc/${pid}/fd`);
  // Some of them were closed meanwhile.
  const targets = await Promise.all(files.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')));
  return targets.filter((target) => target.startsWith('socket:')).length;
}

/** The sum of a metric's samples that have these labels, as the admin entrypoint tells them. */
export async function metric({ addresses }: Server, name: string, labels = ''): Promise<number> {
  const text = await (await fetch(`http://${addresses.admin}/metrics`)).text();
  const samples = text.split('\n').filter((line) => line.startsWith(`${name}{`) && line.includes(labels));
  return samples.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}

/** What /readyz tells of the workers. */
export async function readyWorkers({ addresses }: Server): Promise<number> {
  const { workers } = (await (await fetch(`http://${addresses.admin}/readyz`)).json()) as {
    workers: { ready: number };
  };
  return workers.ready;
}
