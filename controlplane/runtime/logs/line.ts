import type { OutputStream } from '../process/group.ts';

/** A line that an instance, or a build, printed. */
export interface LogLine {
  /** "<node>/<number>", or "<node>/build". */
  readonly instance: string;
  /** Microseconds since 1970, and later than those of the line before it. */
  readonly timeMicros: number;
  readonly stream: OutputStream;
  readonly text: string;
}

/** How a line stands in a log file: `2026-11-23T21:00:00.123456Z stdout text`. */
export function formatLine({ timeMicros, stream, text }: LogLine): string {
  const time = new Date(Math.floor(timeMicros / 1000)).toISOString().slice(0, -1);
  return `${time}${String(timeMicros % 1000).padStart(3, '0')}Z ${stream} ${text}\n`;
}

const form = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})(\d{3})Z (stdout|stderr) (.*)$/s;

/** @returns `undefined` for a line that was not written whole */
export function parseLine(instance: string, line: string): LogLine | undefined {
  const [, time, micros, stream, text] = form.exec(line) ?? [];
  if (time === undefined || text === undefined) return undefined;
  return {
    instance,
    timeMicros: Date.parse(`${time}Z`) * 1000 + Number(micros),
    stream: stream === 'stderr' ? 'stderr' : 'stdout',
    text,
  };
}
