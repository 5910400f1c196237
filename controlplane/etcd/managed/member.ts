import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ExponentialBackoff, type IBackoff } from 'cockatiel';
import type { Logger } from 'pino';
import { ControlPlaneError } from '../../errors.ts';
import { pause } from '../../runtime/instance/back-off.ts';
import { hasMark, listStrangers, markVariable } from '../../runtime/instance/mark.ts';
import { endProcesses } from '../../runtime/process/end.ts';
import { describeExit, type ProcessGroup, startProcessGroup } from '../../runtime/process/group.ts';
import { flagsOf, type MemberSettings } from './flags.ts';
import { describeEtcdLine, type EtcdLine, logEtcdLine, readEtcdLine } from './log.ts';
import type { EtcdProgram } from './program.ts';

export interface ManagedMemberOptions {
  readonly program: EtcdProgram;
  readonly settings: MemberSettings;
  /** PATH and HOME. It gets nothing else of the server's own environment, in which ETCD_… would be settings. */
  readonly environment: Readonly<Record<string, string>>;
  /** What marks the process, so that the next server finds it when this one is killed. */
  readonly mark: string;
  readonly log: Logger;
}

/** An etcd process that is started again when it ends. */
export interface ManagedMember {
  /** Resolves when it is given up: it was taken out of its cluster, or ends each time before it has served. */
  readonly failed: Promise<ControlPlaneError>;
  /** It has served: from now on it is started again for as long as it takes. */
  proven(): void;
  /** Asks it to end, which hands on leadership first, and kills it after 5 s. */
  stop(): Promise<void>;
}

/** Waits between starts, with jitter, in milliseconds. */
const waits = new ExponentialBackoff({ initialDelay: 200, maxDelay: 10_000 });

/** A process that ran so long starts over with the first wait, in milliseconds. */
const stableMs = 60_000;

const graceMs = 5_000;

/** How often one that has never served is started. */
const attempts = 5;

/**
 * Starts to look after a member. What a killed server left running of it is ended first: two processes on one folder is
 * what etcd cannot have.
 *
 * @throws ControlPlaneError `failed` when the program cannot be started
 */
export async function startManagedMember(options: ManagedMemberOptions): Promise<ManagedMember> {
  await endOrphans(options);
  await mkdir(options.settings.folder, { recursive: true, mode: 0o700 });
  const supervisor = new Supervisor(options);
  await supervisor.start();
  return {
    failed: supervisor.run(),
    proven: () => supervisor.proven(),
    stop: () => supervisor.stop(),
  };
}

async function endOrphans({ mark, log }: ManagedMemberOptions): Promise<void> {
  const find = () => listStrangers().filter((entry) => hasMark(entry, mark));
  const found = find();
  if (found.length > 0) log.warn({ pids: found.map(({ pid }) => pid) }, 'ending the etcd that a killed server left');
  const left = await endProcesses(find, graceMs);
  if (left.length === 0) return;
  const pids = left.map(({ pid }) => pid).join(', ');
  throw new ControlPlaneError('failed', `the etcd that a killed server left cannot be ended: see to process ${pids}`);
}

/**
 *     start ──▶ runs ──ended──▶ wait ──▶ start
 *                 └──stopped, removed, or never served──▶ over
 */
class Supervisor {
  readonly #options: ManagedMemberOptions;
  readonly #stopping = new AbortController();
  #process: ProcessGroup | undefined;
  #startedMs = 0;
  /** The last thing it complained of. */
  #complaint: EtcdLine | undefined;
  #removed = false;
  #proven = false;
  #run: Promise<ControlPlaneError> | undefined;

  constructor(options: ManagedMemberOptions) {
    this.#options = options;
  }

  proven(): void {
    this.#proven = true;
  }

  async start(): Promise<void> {
    const { program, settings, environment, mark } = this.#options;
    this.#complaint = undefined;
    this.#startedMs = performance.now();
    this.#process = await startProcessGroup({
      command: { file: program.file, arguments: flagsOf(settings, program), install: 'see --etcd-bin' },
      folder: settings.folder,
      environment: { ...environment, [markVariable]: mark },
      onLines: (_stream, lines) => {
        for (const line of lines) this.#read(line);
      },
    });
  }

  #read(text: string): void {
    const line = readEtcdLine(text);
    logEtcdLine(this.#options.log, line);
    if (line.level === 'error' || line.level === 'fatal') this.#complaint = line;
    // It says so of itself, and of others that it cannot reach; then it ends.
    if (line.message === 'server error' && String(line.details['error']).includes('permanently removed'))
      this.#removed = true;
  }

  run(): Promise<ControlPlaneError> {
    this.#run ??= this.#supervise();
    return this.#run;
  }

  /** Resolves with why it was given up; never, when it was told to stop. */
  async #supervise(): Promise<ControlPlaneError> {
    const { log, settings } = this.#options;
    let wait: IBackoff<unknown> = waits.next();
    let failures = 0;
    for (;;) {
      const process = this.#process;
      const exit = await process?.exited;
      await process?.drained;
      if (this.#stopping.signal.aborted) return await new Promise(() => undefined);
      if (this.#removed) return removed(settings);
      const why = this.#complaint === undefined ? '' : `: ${describeEtcdLine(this.#complaint)}`;
      const how = exit === undefined ? 'could not be started' : describeExit(exit);
      failures += 1;
      if (!this.#proven && failures >= attempts) return gaveUp(settings, `${how}${why}`);
      if (performance.now() - this.#startedMs > stableMs) wait = waits.next();
      log.warn({ inMs: Math.round(wait.duration) }, `etcd ${how}${why}; it is started again`);
      await pause(wait.duration, this.#stopping.signal);
      wait = wait.next(undefined);
      if (this.#stopping.signal.aborted) return await new Promise(() => undefined);
      this.#process = undefined;
      await this.start().catch((error: unknown) => log.error({ err: error }, 'etcd cannot be started'));
    }
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#process?.stop(graceMs);
    await this.#process?.drained;
  }
}

function removed({ name, folder }: MemberSettings): ControlPlaneError {
  return new ControlPlaneError(
    'failed',
    `${name} was removed from its cluster: to have it join again as a new node, remove ${dirname(folder)} and start it`,
  );
}

function gaveUp({ folder }: MemberSettings, why: string): ControlPlaneError {
  return new ControlPlaneError('failed', `etcd on ${folder} does not stay up, it ${why}`);
}
