import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { ResourceLimits } from '../instance/settings.ts';
import { readIfThere } from '../process/table.ts';

// Everything here reads and writes files that the kernel makes in memory, described in its Documentation/admin-guide/cgroup-v2.rst.

/** The time in which `cpu` cores may be used up: the kernel's own default. */
const cpuPeriodMicros = 100_000;
const removalTries = 50;
const removalPollMs = 20;

/**
 * A control group: processes that are held to limits together, with all that they start. What goes wrong with it after it
 * was made is logged: an instance is not given up for that.
 */
export class Cgroup {
  readonly folder: string;
  readonly #log: Logger;

  /** Makes one in the folder of another, which has its controllers enabled for it. */
  constructor(parent: string, name: string, { memory, cpu }: ResourceLimits, log: Logger) {
    this.folder = join(parent, `${name}.${randomUUID().slice(0, 8)}`);
    this.#log = log;
    mkdirSync(this.folder);
    if (memory !== undefined) {
      this.#write('memory.max', String(memory));
      // Kernels that do not account for swap have no such file.
      if (existsSync(join(this.folder, 'memory.swap.max'))) this.#write('memory.swap.max', '0');
      // What has lost one process to the limit is in no state that anybody foresaw: all of it is ended, and started again.
      this.#write('memory.oom.group', '1');
    }
    if (cpu !== undefined) this.#write('cpu.max', `${Math.ceil(cpu * cpuPeriodMicros)} ${cpuPeriodMicros}`);
  }

  /** Puts a process into it that has just been started, and what it has started meanwhile. */
  add(pid: number): void {
    try {
      this.#write('cgroup.procs', String(pid));
      for (const child of childrenOf(pid)) this.add(child);
    } catch (error) {
      const hasEnded = ['ESRCH', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '');
      if (!hasEnded) this.#log.warn({ err: error, pid, cgroup: this.folder }, 'a process is not held to its limits');
    }
  }

  /** Whether the kernel ended what was in it, for it had used up its memory. */
  ranOutOfMemory(): boolean {
    return /^oom_kill [1-9]/m.test(readIfThere(join(this.folder, 'memory.events')) ?? '');
  }

  /** Ends what is in it, and removes it; what has just been killed may keep it for a moment. */
  async remove(): Promise<void> {
    try {
      this.#write('cgroup.kill', '1');
      await this.#removeFolder();
    } catch (error) {
      this.#log.warn(
        { err: error, cgroup: this.folder },
        'a cgroup is left behind, until the next start of the server',
      );
    }
  }

  async #removeFolder(): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      try {
        return rmdirSync(this.folder);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EBUSY' || tries === removalTries) throw error;
        await delay(removalPollMs);
      }
    }
  }

  #write(file: string, value: string): void {
    writeFileSync(join(this.folder, file), value);
  }
}

/** Of all its threads. */
function childrenOf(pid: number): readonly number[] {
  const tasks = `/proc/${pid}/task`;
  const lists = readdirSync(tasks).map((task) => readFileSync(join(tasks, task, 'children'), 'utf8'));
  return lists.flatMap((list) => list.split(' ').filter(Boolean)).map(Number);
}
