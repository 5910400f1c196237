import { setTimeout as delay } from 'node:timers/promises';
import { type GroupUsage, readUsage } from '../process/usage.ts';
import type { InstanceProcess } from './state.ts';

/** What an instance takes of the machine, with all that runs in its process group. */
export interface InstanceUsage {
  /** Cores that were busy for it, on average since it was looked at last, or started: 0.5 is half of one. */
  readonly cpuCores: number;
  readonly memoryBytes: number;
}

/** The least time over which CPU is averaged: it is counted in steps of 10 ms. */
const shortestMs = 500;
/** The longest: what was further back is no longer of interest. */
const longestMs = 60_000;

interface Sample {
  readonly unixMs: number;
  readonly cpuMs: number;
  readonly cpuCores: number;
}

/** Measures what instances take, when somebody asks. */
export class UsageMeter {
  readonly #now: () => number;
  /** Of each process that was looked at within the last minute. */
  readonly #samples = new Map<string, Sample>();

  /** @param now milliseconds since 1970 */
  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * Looks at processes; first at those of which nothing is known from the last minute, and half a second later at all.
   *
   * @returns by pid; without those that have ended
   */
  async measure(processes: readonly InstanceProcess[]): Promise<ReadonlyMap<number, InstanceUsage>> {
    if (processes.length === 0) return new Map();
    this.#forgetOld();
    const unknown = processes.filter((process) => this.#baseOf(process) === undefined);
    if (unknown.length > 0) {
      for (const [process, { cpuMs }] of read(unknown)) this.#keep(process, { cpuMs, cpuCores: 0 });
      await delay(shortestMs);
    }
    const measured = new Map<number, InstanceUsage>();
    for (const [process, { cpuMs, memoryBytes }] of read(processes)) {
      measured.set(process.pid, { cpuCores: this.#cpuCores(process, cpuMs), memoryBytes });
    }
    return measured;
  }

  #cpuCores(process: InstanceProcess, cpuMs: number): number {
    const base = this.#baseOf(process) ?? { unixMs: 0, cpuMs: 0, cpuCores: 0 };
    const elapsedMs = this.#now() - base.unixMs;
    if (elapsedMs < shortestMs) return base.cpuCores;
    // A child that ended without being waited for takes its time with it.
    const cpuCores = Math.max(0, cpuMs - base.cpuMs) / elapsedMs;
    this.#keep(process, { cpuMs, cpuCores });
    return cpuCores;
  }

  /** What to compare with: the last look, or the start when that is not long ago. */
  #baseOf(process: InstanceProcess): Sample | undefined {
    const start = { unixMs: process.startedUnixMs, cpuMs: 0, cpuCores: 0 };
    const isYoung = this.#now() - process.startedUnixMs <= longestMs;
    return this.#samples.get(keyOf(process)) ?? (isYoung ? start : undefined);
  }

  #keep(process: InstanceProcess, sample: Omit<Sample, 'unixMs'>): void {
    this.#samples.set(keyOf(process), { ...sample, unixMs: this.#now() });
  }

  #forgetOld(): void {
    for (const [key, { unixMs }] of this.#samples) if (this.#now() - unixMs > longestMs) this.#samples.delete(key);
  }
}

function keyOf({ pid, startTicks }: InstanceProcess): string {
  return `${pid} ${startTicks}`;
}

/** Those that still run. */
function read(processes: readonly InstanceProcess[]): readonly (readonly [InstanceProcess, GroupUsage])[] {
  const usage = readUsage(new Set(processes.map(({ pid }) => pid)));
  return processes.flatMap((process) => {
    const found = usage.get(process.pid);
    return found === undefined ? [] : [[process, found] as const];
  });
}
