import { close, openSync, write } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Logger } from 'pino';
import { OperationError } from './errors.ts';
import { accessLine } from './output/access-line.ts';
import { isTerminal } from './output/terminal.ts';

/** Where access log lines go. They are written in the background, so that no request waits for them. */
export interface AccessLog {
  /** One line or several, each with its end. */
  write(lines: string): void;
  /** Writes what waits; gives up after a second. */
  close(): Promise<void>;
}

/** Characters that may wait for a slow disk or reader; lines beyond them are left out. */
const longestQueue = 8 * 1024 * 1024;

/**
 * How long lines are gathered to be written together, in milliseconds. At 30,000 lines a second, a write in each turn of the
 * loop costs as much again as all else that is done for them.
 */
const gatherMs = 20;

const closeTimeoutMs = 1_000;

/** How long to wait for a reader that takes nothing now, in milliseconds. */
const retryMs = 50;

const stdout = 1;

const writeSome = promisify(write);
const closeFile = promisify(close);

/**
 * Opens the access log. While it cannot be written (a full disk, a reader that went away) its lines are left out, the log
 * says so once, and the server serves on: pino's own destination would end the process, or wait for room for ever.
 *
 * @param target "stdout", which gets short lines for people where it is a terminal; or the path of a file to append to
 * @throws OperationError when the file cannot be opened
 */
export function openAccessLog(target: string, log: Logger): AccessLog {
  const file = target === 'stdout' ? stdout : openFile(target);
  const isForPeople = file === stdout && isTerminal(process.stdout);
  const closing = new AbortController();
  let queue: string[] = [];
  let queued = 0;
  let failing = false;
  let writing: Promise<void> | undefined;

  const fail = (reason: string): void => {
    if (!failing) log.error({ target, reason }, 'the access log cannot be written; its lines are left out');
    failing = true;
  };

  const drain = async (): Promise<void> => {
    while (queue.length > 0) {
      // Rejects when there is no time left.
      await delay(gatherMs, undefined, { signal: closing.signal }).catch(() => undefined);
      const batch = queue.join('');
      queue = [];
      try {
        await writeWhole(file, Buffer.from(batch));
        if (failing) log.info({ target }, 'the access log is written again');
        failing = false;
      } catch (error) {
        fail(error instanceof Error ? error.message : String(error));
      }
      queued -= batch.length;
    }
    writing = undefined;
  };

  return {
    write(lines) {
      const text = isForPeople
        ? lines
            .split(/(?<=\n)/)
            .map(accessLine)
            .join('')
        : lines;
      if (queued + text.length > longestQueue) return fail('whoever takes it is too slow');
      queue.push(text);
      queued += text.length;
      writing ??= drain();
    },
    async close() {
      closing.abort();
      const written = (writing ?? Promise.resolve()).then(() => true);
      const isDone = await Promise.race([written, delay(closeTimeoutMs, false, { ref: false })]);
      // A file that is still being written to is closed with the process.
      if (isDone && file !== stdout) await closeFile(file);
    },
  };
}

function openFile(path: string): number {
  try {
    return openSync(path, 'a');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new OperationError(`the access log cannot be written: ${reason}; name another file with --access-log`, {
      cause,
    });
  }
}

async function writeWhole(file: number, data: Buffer): Promise<void> {
  for (let at = 0; at < data.length; ) {
    try {
      at += (await writeSome(file, data, at, data.length - at)).bytesWritten;
    } catch (error) {
      // A pipe that its reader made non-blocking, and that is full.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      await delay(retryMs);
    }
  }
}
