import { readdir, readlink } from 'node:fs/promises';

/** Whether a process exists and is no zombie that somebody has yet to wait for. */
export async function isAlive(pid: number): Promise<boolean> {
  // A zombie has no executable any more.
  return readlink(`/proc/${pid}/exe`).then(
    () => true,
    () => false,
  );
}

/** The processes that work in a folder: what the runtime of a server started. */
export async function processesIn(folder: string): Promise<readonly number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const folders = await Promise.all(pids.map((pid) => readlink(`/proc/${pid}/cwd`).catch(() => '')));
  return pids.filter((_, index) => folders[index]?.startsWith(`${folder}/`));
}

/** Ends every process that works in a folder: what the runtime of a killed server leaves behind. */
export async function killProcessesIn(folder: string): Promise<void> {
  for (const pid of await processesIn(folder)) kill(pid);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    // It ended on its own.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
