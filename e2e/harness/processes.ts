import { readdir, readlink } from 'node:fs/promises';

/** Whether a process exists and is no zombie that somebody has yet to wait for. */
export async function isAlive(pid: number): Promise<boolean> {
  // A zombie has no executable any more.
  return readlink(`/proc/${pid}/exe`).then(
    () => true,
    () => false,
  );
}

/** Ends every process that works in a folder: what the runtime of a killed server leaves behind. */
export async function killProcessesIn(folder: string): Promise<void> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  for (const pid of pids) {
    const workingFolder = await readlink(`/proc/${pid}/cwd`).catch(() => '');
    if (workingFolder.startsWith(`${folder}/`)) kill(pid);
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    // It ended on its own.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
