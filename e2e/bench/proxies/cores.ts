import { readFile } from 'node:fs/promises';
import { execa } from 'execa';
import type { Busy } from '../figure.ts';

/** Which core does what, by the kernel's numbers. */
export interface Cores {
  /** Of the proxy under measurement, alone. */
  readonly proxy: number;
  /** Of the load generator, the instance and this process. */
  readonly load: number;
}

/** The command that runs the one that follows it on a core. It becomes that command: the process id is the same. */
export function onCore(core: number): readonly ['taskset', ...string[]] {
  return ['taskset', '--cpu-list', String(core)];
}

/** Moves this process to a core, and with it what it starts from now on. */
export async function moveTo(core: number): Promise<void> {
  await execa('taskset', ['--all-tasks', '--cpu-list', '--pid', String(core), String(process.pid)]);
}

/** Begins to watch how busy the cores are; the function that it returns tells. */
export async function watchCores(cores: Cores): Promise<() => Promise<Busy>> {
  const before = await readTimes();
  return async () => {
    const after = await readTimes();
    const share = (core: number) => {
      const [from, to] = [before.get(core), after.get(core)];
      if (from === undefined || to === undefined) throw new Error(`this machine has no core ${core}; see --cores`);
      return 1 - (to.idle - from.idle) / Math.max(1, to.total - from.total);
    };
    return { proxy: share(cores.proxy), load: share(cores.load) };
  };
}

/**
 * Of the cores and not of the processes: much of a proxy's work is the kernel's, which books it on nobody.
 * https://man7.org/linux/man-pages/man5/proc_stat.5.html
 */
async function readTimes(): Promise<ReadonlyMap<number, { readonly total: number; readonly idle: number }>> {
  const lines = (await readFile('/proc/stat', 'utf8')).matchAll(/^cpu(\d+) (.*)$/gm);
  return new Map(
    Array.from(lines, ([, core, fields = '']) => {
      // user, nice, system, idle, iowait, irq, softirq, steal; what follows is contained in user.
      const times = fields.split(' ').slice(0, 8).map(Number);
      const total = times.reduce((sum, time) => sum + time, 0);
      return [Number(core), { total, idle: (times[3] ?? 0) + (times[4] ?? 0) }];
    }),
  );
}
