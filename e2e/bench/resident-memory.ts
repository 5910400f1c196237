import { readFile, writeFile } from 'node:fs/promises';

// https://man7.org/linux/man-pages/man5/proc_pid_status.5.html

/** Bytes of a process that are in memory now. */
export async function residentBytes(pid: number): Promise<number> {
  return read(pid, 'VmRSS');
}

/** The most bytes of a process that were in memory since `forgetPeak`. */
export async function peakResidentBytes(pid: number): Promise<number> {
  return read(pid, 'VmHWM');
}

/** Begins to look for a peak anew: https://man7.org/linux/man-pages/man5/proc_pid_clear_refs.5.html */
export async function forgetPeak(pid: number): Promise<void> {
  await writeFile(`/proc/${pid}/clear_refs`, '5');
}

async function read(pid: number, field: 'VmRSS' | 'VmHWM'): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const [, kibibytes] = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status) ?? [];
  return Number(kibibytes) * 1024;
}
