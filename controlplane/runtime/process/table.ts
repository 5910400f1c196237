import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import pLimit from 'p-limit';
import { signalGroup } from './signal.ts';

/** Files of /proc that are open at the same time: there may be more processes than files we may open. */
const atOnce = pLimit(16);

/** A process as Linux shows it in /proc/<pid>/stat (proc_pid_stat(5)). */
export interface ProcessEntry {
  readonly pid: number;
  /** Has ended, and waits for its parent to take note. */
  readonly zombie: boolean;
  readonly group: number;
  /** Clock ticks from boot to its start: with pid and boot, unlike that of any other process. */
  readonly startTicks: number;
}

async function readProcess(pid: number): Promise<ProcessEntry | undefined> {
  const stat = await readIfThere(`/proc/${pid}/stat`);
  return stat === undefined ? undefined : parseStat(pid, stat);
}

/**
 * Clock ticks from boot to the start of a child that was started just now. As nothing is waited for, it cannot have ended
 * and its number gone to somebody else. `undefined` where there is no /proc.
 */
export function readStartTicks(child: number): number | undefined {
  try {
    return parseStat(child, readFileSync(`/proc/${child}/stat`, 'latin1')).startTicks;
  } catch {
    return undefined;
  }
}

function parseStat(pid: number, stat: string): ProcessEntry {
  // The second field is the program's name, in brackets, and may itself hold brackets and spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return {
    pid,
    zombie: fields[0] === 'Z' || fields[0] === 'X',
    group: Number(fields[2]),
    startTicks: Number(fields[19]),
  };
}

/** Every process of this machine that this process may see. */
export async function listProcesses(): Promise<readonly ProcessEntry[]> {
  const names = await readdir('/proc');
  const pids = names.map(Number).filter((pid) => Number.isInteger(pid));
  const entries = await Promise.all(pids.map((pid) => atOnce(() => readProcess(pid))));
  return entries.filter((entry) => entry !== undefined);
}

/** The environment a process was started with, as `NAME=value` strings; empty when it is not ours to read. */
export async function readEnvironment(pid: number): Promise<readonly string[]> {
  return ((await atOnce(() => readIfThere(`/proc/${pid}/environ`))) ?? '').split('\0');
}

/** Differs after each boot of the machine. */
export async function readBootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
}

/** Whether a process group has a member that still runs. */
export async function groupRuns(group: number): Promise<boolean> {
  // Most often there is none, and no need to look at every process of the machine.
  if (!signalGroup(group, 0)) return false;
  return (await listProcesses()).some((entry) => entry.group === group && !entry.zombie);
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'latin1');
  } catch (error) {
    // Ended meanwhile, or belongs to another user.
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
