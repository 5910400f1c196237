import { listProcesses, readIfThere } from './table.ts';

/** What a process group takes of the machine. */
export interface GroupUsage {
  /** CPU time so far, of all cores. */
  readonly cpuMs: number;
  /** Resident memory; what its processes share, such as the code of their program, is counted once. */
  readonly memoryBytes: number;
}

/** Linux tells times to programs in hundredths of a second, on every machine (USER_HZ). */
const tickMs = 10;

/** Looks at process groups. One that has ended is left out. */
export function readUsage(groups: ReadonlySet<number>): ReadonlyMap<number, GroupUsage> {
  const usage = new Map<number, { cpuMs: number; ownBytes: number; sharedBytes: number }>();
  for (const { pid, group, zombie, cpuTicks } of listProcesses()) {
    if (zombie || !groups.has(group)) continue;
    const { ownBytes, sharedBytes } = readMemory(pid);
    const before = usage.get(group) ?? { cpuMs: 0, ownBytes: 0, sharedBytes: 0 };
    usage.set(group, {
      cpuMs: before.cpuMs + cpuTicks * tickMs,
      ownBytes: before.ownBytes + ownBytes,
      sharedBytes: Math.max(before.sharedBytes, sharedBytes),
    });
  }
  return new Map(
    [...usage].map(([group, { cpuMs, ownBytes, sharedBytes }]) => [
      group,
      { cpuMs, memoryBytes: ownBytes + sharedBytes },
    ]),
  );
}

/** The lines `RssAnon`, `RssFile` and `RssShmem` of /proc/<pid>/status (proc_pid_status(5)). */
function readMemory(pid: number): { readonly ownBytes: number; readonly sharedBytes: number } {
  const status = readIfThere(`/proc/${pid}/status`) ?? '';
  const bytesOf = (name: string): number =>
    Number(new RegExp(`^${name}:\\s*(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0) * 1024;
  return { ownBytes: bytesOf('RssAnon'), sharedBytes: bytesOf('RssFile') + bytesOf('RssShmem') };
}
