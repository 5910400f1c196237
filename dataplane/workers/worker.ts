import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { StopOptions } from '../data-plane.ts';
import type { WorkerProcess } from './worker-process.ts';

export interface WorkerOptions {
  readonly number: number;
  readonly start: () => WorkerProcess;
  readonly restart: RestartTimes;
  /** Told of each process that ended by itself. */
  readonly onEnded: (process: WorkerProcess) => void;
  readonly log: Logger;
}

/** In milliseconds. */
export interface RestartTimes {
  /**
   * The first end in a row is followed by a start at once, the second by one after `firstMs`, which doubles up to
   * `longestMs`.
   */
  readonly firstMs: number;
  readonly longestMs: number;
  /** A process that lived for so long begins a new row. */
  readonly steadyMs: number;
}

/** A process, and its successors where it ends by itself. */
export interface Worker {
  /** The present one, or the last while there is none. */
  readonly process: WorkerProcess;
  /**
   * Resolves when the first process serves. Where that does not come to it, there is no successor either.
   *
   * @throws DataPlaneError `worker-failed`
   */
  readonly firstServing: Promise<void>;
  /** Ends it as `WorkerProcess.stop` does, for good. */
  stop(timeoutMs: number, how?: StopOptions): Promise<void>;
}

export function startWorker({ number, start, restart, onEnded, log }: WorkerOptions): Worker {
  const stopping = new AbortController();
  let process = start();
  const firstServing = process.serving;
  const finished = firstServing.then(keepRunning, () => undefined);

  async function keepRunning(): Promise<void> {
    let endsInARow = 0;
    for (;;) {
      const { reason, livedMs } = await process.ended;
      if (stopping.signal.aborted) return;
      onEnded(process);
      if (livedMs >= restart.steadyMs) endsInARow = 0;
      const delayMs = restartDelayMs(endsInARow, restart);
      endsInARow += 1;
      const when = delayMs === 0 ? 'at once' : `in ${delayMs / 1_000} s`;
      log.error(
        { worker: number, workerPid: process.pid, reason, livedMs },
        `a worker ended; it is started again ${when}`,
      );
      // Cut short when the worker is stopped.
      await delay(delayMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      if (stopping.signal.aborted) return;
      process = start();
    }
  }

  return {
    firstServing,
    get process() {
      return process;
    },
    async stop(timeoutMs, how) {
      stopping.abort();
      await process.stop(timeoutMs, how);
      await finished;
    },
  };
}

/** How long to wait with a start after so many ends before this one. */
export function restartDelayMs(endsBefore: number, { firstMs, longestMs }: RestartTimes): number {
  return endsBefore === 0 ? 0 : Math.min(firstMs * 2 ** (endsBefore - 1), longestMs);
}
