import { writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';

/** A third of the time that another process gets which is as busy: builds on a busy machine have to end, too. */
const niceness = 5;

/** Lets everything else on the machine go before a process that leads a session, and before all it starts from now on. */
export function lowerPriority(pid: number): void {
  attempt(() => setPriority(pid, niceness));
  // Where Linux shares its time between sessions, niceness counts within one alone (sched(7), the autogroup feature).
  attempt(() => writeFileSync(`/proc/${pid}/autogroup`, String(niceness)));
}

/** The process may have ended, and the kernel may share no time between sessions, or be asked too often for it. */
const harmless: ReadonlySet<unknown> = new Set(['ESRCH', 'ENOENT', 'EAGAIN', 'EACCES', 'EPERM']);

function attempt(change: () => void): void {
  try {
    change();
  } catch (error) {
    const { code, info } = error as NodeJS.ErrnoException & { readonly info?: { readonly code: string } };
    if (!harmless.has(info?.code ?? code)) throw error;
  }
}
