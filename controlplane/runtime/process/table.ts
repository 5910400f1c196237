import { readdirSync, readFileSync } from 'node:fs';
import { signalGroup } from './signal.ts';

// Everything here reads /proc, whose files are made in memory when they are read: that is done in less time, and with fewer
// files open, than it takes to hand the work to a thread.

/** A process as Linux shows it in /proc/<pid>/stat (proc_pid_stat(5)). */
export interface ProcessEntry {
  readonly pid: number;
  /** Has ended, and waits for its parent to take note. */
  readonly zombie: boolean;
  readonly group: number;
  /** Clock ticks from boot to its start: with pid and boot, unlike that of any other process. */
  readonly startTicks: number;
  /** Clock ticks of CPU time, with those of children that it has waited for. */
  readonly cpuTicks: number;
}

/** `undefined` when there is no such process. */
export function readProcess(pid: number): ProcessEntry | undefined {
  const stat = readIfThere(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  // The second field is the program's name, in brackets, and may itself hold brackets and spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return {
    pid,
    zombie: fields[0] === 'Z' || fields[0] === 'X',
    group: Number(fields[2]),
    startTicks: Number(fields[19]),
    cpuTicks: fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0),
  };
}

/** Every process of this machine that this process may see. */
export function listProcesses(): readonly ProcessEntry[] {
  const pids = readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid));
  return pids.flatMap((pid) => readProcess(pid) ?? []);
}

/** The environment a process was started with, as `NAME=value` strings; empty when it is not ours to read. */
export function readEnvironment(pid: number): readonly string[] {
  return (readIfThere(`/proc/${pid}/environ`) ?? '').split('\0');
}

/** Differs after each boot of the machine. */
export function readBootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

/** Whether a process group has a member that still runs. */
export function groupRuns(group: number): boolean {
  // Most often there is none, and no need to look at every process of the machine.
  if (!signalGroup(group, 0)) return false;
  return listProcesses().some((entry) => entry.group === group && !entry.zombie);
}

/** A file that the kernel makes; `undefined` when what it tells of has ended, or is not ours to look at. */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    // Ended meanwhile, or belongs to another user.
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
