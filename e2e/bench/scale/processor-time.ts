import { readFile } from 'node:fs/promises';

/** Linux counts in these: sysconf(_SC_CLK_TCK) is 100 wherever Node runs. */
const tickMs = 10;

/** Processor time that a process has used, in milliseconds: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
export async function processorMs(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // Behind the name, which may hold anything, come the fields from the third on.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * tickMs;
}
