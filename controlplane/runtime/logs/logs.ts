import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { RuntimeLimits } from '../limits.ts';
import type { OutputStream } from '../process/group.ts';
import { Follower } from './follower.ts';
import { formatLine, type LogLine, parseLine } from './line.ts';
import { RotatingFile, rotatedPaths } from './rotating-file.ts';
import { readLastLines } from './tail.ts';

/** What instances print, in `<folder>/<service>/<number>.log`, for as long as there is room for it. */
export interface Logs {
  /** Opens the log of one instance. What an earlier instance of that number printed stays before it. */
  open(service: string, number: number): InstanceLog;
  /** The services of which anything is kept. */
  services(): Promise<readonly string[]>;
  /** The numbers of the instances of a service of which anything is kept. */
  numbers(service: string): Promise<readonly number[]>;
  /**
   * The last lines of the instances of a service, oldest first.
   *
   * @param options.lines how many of the past at most
   * @param options.sinceMicros none that is older, microseconds since 1970; default 0
   * @param options.number those of one instance; default all
   * @param options.follow goes on with what is printed from now on, until `signal` is aborted
   */
  read(service: string, options: ReadOptions): AsyncGenerator<LogLine>;
}

interface ReadOptions {
  readonly lines: number;
  readonly sinceMicros?: number;
  readonly number?: number | undefined;
  readonly follow: boolean;
  readonly signal: AbortSignal;
}

export interface InstanceLog {
  /** Resolves when the lines are in the file. */
  write(stream: OutputStream, lines: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

export function openLogs(options: {
  /** Name of this node. */
  readonly node: string;
  readonly folder: string;
  readonly limits: RuntimeLimits;
  readonly log: Logger;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}): Logs {
  const { node, folder, limits, log, now } = options;
  const followers = new Set<{
    readonly service: string;
    readonly number: number | undefined;
    readonly follower: Follower;
  }>();
  let lastMicros = 0;
  const nextMicros = (): number => (lastMicros = Math.max(now() * 1000, lastMicros + 1));

  const numbersOf = async (service: string): Promise<readonly number[]> => {
    const names = await namesIn(join(folder, service));
    return names.flatMap((name) => /^(\d+)\.log$/.exec(name)?.[1] ?? []).map(Number);
  };
  const pathOf = (service: string, number: number): string => join(folder, service, `${number}.log`);

  const readPast = async (
    service: string,
    { lines: count, sinceMicros = 0, number }: ReadOptions,
  ): Promise<readonly LogLine[]> => {
    if (count === 0) return [];
    const numbers = number === undefined ? await numbersOf(service) : [number];
    const perInstance = await Promise.all(
      numbers.map(async (number) => {
        const lines = await readLastLines(rotatedPaths(pathOf(service, number), limits.logFiles), count);
        return lines.flatMap((line) => parseLine(`${node}/${number}`, line) ?? []);
      }),
    );
    return perInstance
      .flat()
      .filter(({ timeMicros }) => timeMicros >= sinceMicros)
      .toSorted((a, b) => a.timeMicros - b.timeMicros)
      .slice(-count);
  };

  return {
    open(service, number) {
      const instance = `${node}/${number}`;
      const file = new RotatingFile({
        path: pathOf(service, number),
        maxBytes: limits.logFileBytes,
        files: limits.logFiles,
      });
      return {
        async write(stream, lines) {
          const entries = lines.map((text): LogLine => ({ instance, timeMicros: nextMicros(), stream, text }));
          try {
            await file.append(entries.map(formatLine).join(''));
          } catch (error) {
            // A full disk must not hold back, or end, the service that prints.
            log.error({ err: error, service, instance, lines: lines.length }, 'lines of an instance could not be kept');
          }
          for (const following of followers) {
            if (following.service !== service || (following.number ?? number) !== number) continue;
            following.follower.push(entries);
          }
        },
        async close() {
          await file.close().catch((error: unknown) => {
            log.error({ err: error, service, instance }, 'the log of an instance could not be closed');
          });
        },
      };
    },

    services: () => namesIn(folder),

    numbers: numbersOf,

    async *read(service, options) {
      const { number, follow, signal } = options;
      const following = { service, number, follower: new Follower() };
      if (follow) followers.add(following);
      try {
        const past = await readPast(service, options);
        yield* past;
        if (!follow) return;
        // Lines that were written while the past was read are in both.
        const read = new Map(past.map(({ instance, timeMicros }) => [instance, timeMicros]));
        for await (const line of following.follower.lines(signal)) {
          if (line.timeMicros > (read.get(line.instance) ?? 0)) yield line;
        }
      } finally {
        followers.delete(following);
      }
    },
  };
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
}
