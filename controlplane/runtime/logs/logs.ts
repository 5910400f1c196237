import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { RuntimeLimits } from '../limits.ts';
import type { OutputStream } from '../process/group.ts';
import { Follower } from './follower.ts';
import { formatLine, type LogLine, parseLine } from './line.ts';
import { RotatingFile, rotatedPaths } from './rotating-file.ts';
import { readLastLines } from './tail.ts';

/** Whose log it is: that of an instance, by its number, or of the builds of a service. */
export type LogName = number | 'build';

/** What instances and builds print, in `<folder>/<service>/<number or "build">.log`, for as long as there is room for it. */
export interface Logs {
  /** Opens a log. What an earlier instance of that number, or an earlier build, printed stays before it. */
  open(service: string, name: LogName): Log;
  /** The services of which anything is kept. */
  services(): Promise<readonly string[]>;
  /** The numbers of the instances of a service of which anything is kept. */
  numbers(service: string): Promise<readonly number[]>;
  /**
   * The last lines of the instances or the builds of a service, oldest first.
   *
   * @param options.lines how many of the past at most
   * @param options.sinceMicros none that is older, microseconds since 1970; default 0
   * @param options.name those of one instance, or of builds; default all instances
   * @param options.follow goes on with what is printed from now on, until `signal` is aborted
   */
  read(service: string, options: ReadOptions): AsyncGenerator<LogLine>;
}

interface ReadOptions {
  readonly lines: number;
  readonly sinceMicros?: number;
  readonly name?: LogName | undefined;
  readonly follow: boolean;
  readonly signal: AbortSignal;
}

export interface Log {
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
    readonly name: LogName | undefined;
    readonly follower: Follower;
  }>();
  let lastMicros = 0;
  const nextMicros = (): number => (lastMicros = Math.max(now() * 1000, lastMicros + 1));

  const numbersOf = async (service: string): Promise<readonly number[]> => {
    const names = await namesIn(join(folder, service));
    return names.flatMap((name) => /^(\d+)\.log$/.exec(name)?.[1] ?? []).map(Number);
  };
  const pathOf = (service: string, name: LogName): string => join(folder, service, `${name}.log`);

  const readPast = async (
    service: string,
    { lines: count, sinceMicros = 0, name }: ReadOptions,
  ): Promise<readonly LogLine[]> => {
    if (count === 0) return [];
    const names = name === undefined ? await numbersOf(service) : [name];
    const perLog = await Promise.all(
      names.map(async (one) => {
        const lines = await readLastLines(rotatedPaths(pathOf(service, one), limits.logFiles), count);
        return lines.flatMap((line) => parseLine(`${node}/${one}`, line) ?? []);
      }),
    );
    return perLog
      .flat()
      .filter(({ timeMicros }) => timeMicros >= sinceMicros)
      .toSorted((a, b) => a.timeMicros - b.timeMicros)
      .slice(-count);
  };

  return {
    open(service, name) {
      const instance = `${node}/${name}`;
      const file = new RotatingFile({
        path: pathOf(service, name),
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
            log.error({ err: error, service, instance, lines: lines.length }, 'lines of a log could not be kept');
          }
          for (const following of followers) {
            if (following.service !== service || !isWanted(name, following.name)) continue;
            following.follower.push(entries);
          }
        },
        async close() {
          await file.close().catch((error: unknown) => {
            log.error({ err: error, service, instance }, 'a log could not be closed');
          });
        },
      };
    },

    services: () => namesIn(folder),

    numbers: numbersOf,

    async *read(service, options) {
      const { name, follow, signal } = options;
      const following = { service, name, follower: new Follower() };
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

function isWanted(name: LogName, wanted: LogName | undefined): boolean {
  return wanted === undefined ? name !== 'build' : name === wanted;
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
}
