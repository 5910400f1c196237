import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Logger } from 'pino';
import type { ResourceLimits } from '../instance/settings.ts';
import { Cgroup } from './cgroup.ts';

const controllers = ['cpu', 'memory'] as const;

export interface CgroupsOptions {
  /** Tells this runtime from others on the machine. */
  readonly mark: string;
  readonly log: Logger;
  /** The folder of the control group that this process is in; default as /proc has it. */
  readonly own?: string | undefined;
}

/** Holds instances to their limits where the machine lets us: below the control group that the server was started in. */
export class Cgroups {
  readonly #log: Logger;
  readonly #place: { readonly folder: string } | { readonly fault: string };
  #hasTold = false;

  constructor(options: CgroupsOptions) {
    this.#log = options.log;
    this.#place = prepare(options);
  }

  /**
   * Makes a control group for one start of an instance.
   *
   * @returns `undefined` for no limits, and where the machine does not let us, which is logged once
   */
  create(name: string, limits: ResourceLimits): Cgroup | undefined {
    if (limits.memory === undefined && limits.cpu === undefined) return undefined;
    if ('fault' in this.#place) return this.#tell(this.#place.fault);
    try {
      return new Cgroup(this.#place.folder, name, limits, this.#log);
    } catch (error) {
      return this.#tell((error as Error).message);
    }
  }

  #tell(fault: string): undefined {
    if (!this.#hasTold) this.#log.warn({ fault }, 'services are not held to their limits of memory and CPU');
    this.#hasTold = true;
  }
}

/** Makes the control group that those of instances are in, or says why that cannot be. */
function prepare(options: CgroupsOptions): { readonly folder: string } | { readonly fault: string } {
  const own = options.own ?? ownFolder();
  if (own === undefined) return { fault: 'this machine has no cgroup v2' };
  const there = words(join(own, 'cgroup.controllers'));
  const missing = controllers.filter((controller) => !there.includes(controller));
  if (missing.length > 0) return { fault: `the cgroup ${own} has no controller for ${missing.join(' and ')}` };
  const folder = join(own, `micro-${options.mark.replace(':', '-')}`);
  try {
    enableBelow(own);
    mkdirSync(folder, { recursive: true });
    enableBelow(folder);
    removeEmpty(folder);
    return { folder };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const advice = 'start the server in one of its own: `systemd-run --scope -p Delegate=yes micro server`';
    if (code === 'EBUSY') return { fault: `other processes are in the cgroup ${own}; ${advice}` };
    return { fault: `the cgroup ${own} cannot be used (${code ?? message}); ${advice}` };
  }
}

/** As /proc/self/cgroup and /proc/self/mountinfo tell (cgroups(7)). */
function ownFolder(): string | undefined {
  const [, path] = /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8')) ?? [];
  const [, root, mount] =
    /^\d+ \d+ \S+ (\S+) (\S+) .* - cgroup2 /m.exec(readFileSync('/proc/self/mountinfo', 'utf8')) ?? [];
  if (path === undefined || root === undefined || mount === undefined) return undefined;
  return join(mount, relative(root, path));
}

/**
 * Lets the groups in this one have limits. A group that has such groups may hold no process itself, unless it is the root of
 * all, which alone has no `cgroup.type`: this process goes into one beside them.
 */
function enableBelow(folder: string): void {
  const enabled = words(join(folder, 'cgroup.subtree_control'));
  if (controllers.every((controller) => enabled.includes(controller))) return;
  const isRoot = !existsSync(join(folder, 'cgroup.type'));
  if (!isRoot && words(join(folder, 'cgroup.procs')).includes(String(process.pid))) {
    const beside = join(folder, 'micro-server');
    mkdirSync(beside, { recursive: true });
    writeFileSync(join(beside, 'cgroup.procs'), String(process.pid));
  }
  writeFileSync(join(folder, 'cgroup.subtree_control'), controllers.map((controller) => `+${controller}`).join(' '));
}

/** Those of a server that was killed. One that is not empty is left to the next start: what is in it may still serve. */
function removeEmpty(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    try {
      rmdirSync(join(folder, entry.name));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EBUSY') throw error;
    }
  }
}

function words(path: string): readonly string[] {
  return existsSync(path) ? readFileSync(path, 'utf8').split(/\s+/) : [];
}
