import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { ControlPlaneError } from '../../errors.ts';
import { readLines } from './lines.ts';
import { signalGroup } from './signal.ts';
import { groupRuns, readProcess } from './table.ts';

/** A program and its arguments; no shell reads them, unless it is the program. */
export interface Command {
  readonly file: string;
  readonly arguments: readonly string[];
  /** What people are told that runs, where that is not the program and its arguments. */
  readonly title?: string;
  /** Folders, as seen from the one it runs in, in which programs are looked for before the PATH. */
  readonly path?: readonly string[];
  /** Settings of the program, for where its environment says nothing else. */
  readonly environment?: Readonly<Record<string, string>>;
  /** What does the same where there is no such program. */
  readonly otherwise?: Command;
  /** What to do when there is neither: "install Node.js". */
  readonly install: string;
}

/** "npm ci": what people are told that runs. */
export function describeCommand({ title, file, arguments: words }: Command): string {
  return title ?? [file, ...words].join(' ');
}

export type OutputStream = 'stdout' | 'stderr';

export interface ProcessGroupOptions {
  readonly command: Command;
  readonly folder: string;
  /** The whole environment: nothing is inherited. */
  readonly environment: Readonly<Record<string, string>>;
  /** Called as soon as the program is started, before it has done much. */
  readonly onStart?: (pid: number) => void;
  /** Takes what is printed. The next lines of that stream are read when it is done. */
  readonly onLines: (stream: OutputStream, lines: readonly string[]) => Promise<void> | void;
}

/** A program and everything it starts in turn. */
export interface ProcessGroup {
  /** Of the program, and of the group. */
  readonly pid: number;
  /** When the program started, in clock ticks since boot. */
  readonly startTicks: number | undefined;
  /** Resolves when the program has ended; what still runs of its group is killed then, unless it is being stopped. */
  readonly exited: Promise<Exit>;
  /** Resolves after `exited`, when `onLines` has taken all that was printed. */
  readonly drained: Promise<void>;
  /** Sends SIGTERM to the group, and SIGKILL to what still runs of it after `graceMs`. */
  stop(graceMs: number): Promise<Exit>;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** "exited with code 1", "was ended by SIGKILL". */
export function describeExit(exit: Exit): string {
  return exit.signal === null ? `exited with code ${exit.code}` : `was ended by ${exit.signal}`;
}

/** How long output may keep coming from a process that left the group, after the group has ended. */
const lastOutputMs = 1000;

/** How often a group whose program has ended is looked at. */
const groupPollMs = 100;

/**
 * Starts a program as the leader of a session and process group of its own, so that one signal reaches all it starts.
 *
 * @throws ControlPlaneError `failed` when it cannot be started
 */
export async function startProcessGroup(options: ProcessGroupOptions): Promise<ProcessGroup> {
  const { pid, subprocess } = await spawn(options, options.command);
  options.onStart?.(pid);
  // Read before anything is waited for: it cannot have ended, and its number gone to somebody else.
  const startTicks = readProcess(pid)?.startTicks;

  const leader = once(subprocess, 'exit').then(([code, signal]): Exit => ({ code, signal }));
  const output = Promise.all([
    pump(subprocess.stdout, (lines) => options.onLines('stdout', lines)),
    pump(subprocess.stderr, (lines) => options.onLines('stderr', lines)),
  ]);

  let over = false;
  let stopped: Promise<void> | undefined;
  const stopGroup = async (graceMs: number): Promise<void> => {
    const deadline = Date.now() + graceMs;
    signalGroup(pid, 'SIGTERM');
    await Promise.race([leader, delay(graceMs, undefined, { ref: false })]);
    // The program may be gone before what it started has put its things in order.
    while (Date.now() < deadline && groupRuns(pid)) await delay(groupPollMs);
    signalGroup(pid, 'SIGKILL');
  };

  const exited = leader.then(async (exit) => {
    if (stopped === undefined) signalGroup(pid, 'SIGKILL');
    else await stopped;
    over = true;
    return exit;
  });
  const drained = exited.then(async () => {
    // A process that left the group may hold the other ends of these pipes for ever.
    await Promise.race([output, delay(lastOutputMs, undefined, { ref: false })]);
    subprocess.stdout.destroy();
    subprocess.stderr.destroy();
  });

  return {
    pid,
    startTicks,
    exited,
    drained,
    async stop(graceMs) {
      // The number of a group that is gone may come to belong to somebody else.
      if (!over) stopped ??= stopGroup(graceMs);
      return exited;
    },
  };
}

/** Starts a command, or what does the same where its program is not there. */
async function spawn(options: ProcessGroupOptions, command: Command) {
  const { execa } = await import('execa');
  const subprocess = execa(command.file, command.arguments, {
    cwd: options.folder,
    env: environmentOf(options, command),
    extendEnv: false,
    detached: true,
    cleanup: false,
    stdin: 'ignore',
    buffer: false,
    reject: false,
  });
  const { pid } = subprocess;
  if (pid !== undefined) return { pid, subprocess };
  const failure = await subprocess;
  if (command.otherwise === undefined || !isMissing(failure, options)) throw cannotStart(options, command, failure);
  return spawn(options, command.otherwise);
}

function environmentOf(
  { folder, environment }: ProcessGroupOptions,
  command: Command,
): Readonly<Record<string, string>> {
  const all = { ...command.environment, ...environment };
  if (command.path === undefined || command.path.length === 0) return all;
  const own = command.path.map((part) => join(folder, part));
  return { ...all, PATH: [...own, ...(all['PATH'] === undefined ? [] : [all['PATH']])].join(delimiter) };
}

async function pump(stream: Readable, take: (lines: readonly string[]) => Promise<void> | void): Promise<void> {
  try {
    for await (const lines of readLines(stream)) await take(lines);
  } catch (error) {
    // Cut off above, after the group had ended.
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  }
}

interface StartFailure {
  readonly code?: string | undefined;
  readonly originalMessage?: string | undefined;
}

/** Whether it is the program that is missing: the system gives the same error when it is the folder. */
function isMissing({ code }: StartFailure, { folder }: ProcessGroupOptions): boolean {
  return code === 'ENOENT' && existsSync(folder);
}

/** @param command the last that was tried */
function cannotStart(options: ProcessGroupOptions, command: Command, failure: StartFailure): Error {
  const { folder, environment } = options;
  const { file } = command;
  if (!isMissing(failure, options)) {
    return new ControlPlaneError('failed', `${file} cannot be started in ${folder}: ${failure.originalMessage}`);
  }
  if (file.includes('/') && existsSync(resolve(folder, file))) {
    return new ControlPlaneError(
      'failed',
      `${file} cannot be started in ${folder}: the interpreter in its first line, or the loader it is made for, is not there`,
    );
  }
  const tried: string[] = [];
  for (let one: Command | undefined = options.command; one !== undefined; one = one.otherwise) tried.push(one.file);
  const where = file.includes('/') ? `in ${folder}` : `on the server's PATH (${environment['PATH'] ?? ''})`;
  return new ControlPlaneError('failed', `there is no program ${tried.join(', nor ')} ${where}: ${command.install}`);
}
