import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { StopOptions } from '../data-plane.ts';
import type { SharedSocket } from '../downstream/shared-socket.ts';
import { DataPlaneError } from '../errors.ts';
import type { Assignment, FromWorker, Reports, ToWorker } from './messages.ts';
import { wholeLines } from './whole-lines.ts';

/** What runs as a worker: a program that calls `serveAsWorker`. */
export interface WorkerProgram {
  /** Its JavaScript file. */
  readonly path: string;
  readonly args: readonly string[];
  /** All it gets of an environment. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Takes what workers print to standard output, in whole lines; left out, nobody does. */
  readonly onOutput?: ((lines: string) => void) | undefined;
}

/** One process of a worker, from its start to its end. */
export interface WorkerProcess {
  readonly pid: number | undefined;
  /**
   * Resolves when it accepts connections.
   *
   * @throws DataPlaneError `worker-failed` when it says that it cannot, or ends before
   */
  readonly serving: Promise<void>;
  /** Resolves with how it ended, when everything it said was heard. */
  readonly ended: Promise<Ending>;
  /** "silent" when it does not answer in time, "away" when it does not serve yet or has ended. */
  ask<About extends keyof Reports>(about: About, timeoutMs: number): Promise<Reports[About] | NoReport>;
  /** Lets what is in flight finish, then ends it; one that does not serve yet, or not end in time, is killed. */
  stop(timeoutMs: number, how?: StopOptions): Promise<void>;
}

type NoReport = 'silent' | 'away';

export interface Ending {
  /** "SIGKILL", "exit code 1", or what it said, or why it could not be started. */
  readonly reason: string;
  /** From its start, in milliseconds. */
  readonly livedMs: number;
}

/** Where the descriptors of shared sockets are in a worker: after standard streams and the channel to its parent. */
const httpFd = 4;
const grpcFd = 5;

/** Starts a process, and sends it its assignment. */
export function startWorkerProcess<Settings>(
  program: WorkerProgram,
  { http, grpc, ...assignment }: Assignment<Settings>,
): WorkerProcess {
  const startedAt = performance.now();
  let child: ChildProcess;
  try {
    child = forkWith(program, [http.fd, grpc.fd]);
  } catch (error) {
    return neverStarted(error as Error);
  }
  const asked = new Map<number, (report: Reports[keyof Reports] | NoReport) => void>();
  let asks = 0;
  let isServing = false;
  let failure: string | undefined;
  const send = (message: ToWorker<Settings>): void => {
    // Where it has ended meanwhile, that is told by `ended`.
    child.send(message, () => undefined);
  };

  const ended = whenEnded(child).then((how): Ending => {
    isServing = false;
    for (const resolve of asked.values()) resolve('away');
    return { reason: failure ?? how, livedMs: Math.round(performance.now() - startedAt) };
  });

  const serving = new Promise<void>((resolve, reject) => {
    child.on('message', (message: FromWorker) => {
      switch (message.kind) {
        case 'serving':
          isServing = true;
          return resolve();
        case 'failed':
          failure = message.message;
          child.kill('SIGKILL');
          return undefined;
        case 'answer':
          return asked.get(message.id)?.(message.report);
      }
    });
    void ended.then(({ reason }) => reject(new DataPlaneError('worker-failed', failure ?? early(reason))));
  });
  // Of a process that is started again, nobody waits for it.
  serving.catch(() => undefined);

  send({
    kind: 'start',
    assignment: { ...assignment, http: inWorker(http, httpFd), grpc: inWorker(grpc, grpcFd) },
  });

  return {
    pid: child.pid,
    serving,
    ended,

    async ask<About extends keyof Reports>(about: About, timeoutMs: number) {
      if (!isServing) return 'away';
      asks += 1;
      const id = asks;
      const report = await new Promise<Reports[keyof Reports] | NoReport>((resolve) => {
        const timer = setTimeout(() => resolve('silent'), timeoutMs);
        asked.set(id, (answer) => {
          clearTimeout(timer);
          resolve(answer);
        });
        send({ kind: 'ask', id, about });
      });
      asked.delete(id);
      return report as Reports[About] | NoReport;
    },

    async stop(timeoutMs, how = {}) {
      if (isServing) send({ kind: 'stop', how });
      else child.kill('SIGKILL');
      const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
      await ended;
      clearTimeout(timer);
    },
  };
}

const inWorker = ({ host, port }: SharedSocket, fd: number): SharedSocket => ({ host, port, fd });

function forkWith({ path, args, environment, onOutput }: WorkerProgram, fds: readonly number[]): ChildProcess {
  const child = fork(path, args, {
    env: environment,
    // Revisions are bigints.
    serialization: 'advanced',
    stdio: ['ignore', onOutput ? 'pipe' : 'ignore', 'inherit', 'ipc', ...fds],
  });
  if (onOutput) child.stdout?.setEncoding('utf8').on('data', wholeLines(onOutput));
  return child;
}

/** What the machine had no room for. */
function neverStarted({ message }: Error): WorkerProcess {
  const serving = Promise.reject(new DataPlaneError('worker-failed', early(message)));
  serving.catch(() => undefined);
  return {
    pid: undefined,
    serving,
    ended: Promise.resolve({ reason: message, livedMs: 0 }),
    ask: async () => 'away',
    stop: async () => undefined,
  };
}

const early = (reason: string): string => `a worker of the data plane ended before it served (${reason}); see the log`;

async function whenEnded(child: ChildProcess): Promise<string> {
  child.on('error', () => undefined);
  try {
    // What it said and printed last is read after the end of the process is known.
    const [[code, signal]] = await Promise.all([once(child, 'close'), once(child, 'disconnect')]);
    return (signal as NodeJS.Signals | null) ?? `exit code ${code as number}`;
  } catch (error) {
    // An error is all that comes of a process that could not be started.
    return (error as Error).message;
  }
}
