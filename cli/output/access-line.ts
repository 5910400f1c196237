import { styleText } from 'node:util';
import { isInternalSystem } from '../../proto/internal-systems.ts';

interface AccessEntry {
  readonly time: string;
  readonly method: string;
  readonly path: string;
  readonly service?: string;
  readonly instance?: string;
  readonly status: number | string;
  readonly durationMs: number;
}

/**
 * A line of the access log as people read it on a terminal: "23:01:02 GET /api/clock/time 200 3 ms 127.0.0.1:43957".
 * Empty for a call to an internal system: those are the reader's own commands.
 */
export function accessLine(line: string): string {
  const { time, method, path, service, instance, status, durationMs } = JSON.parse(line) as AccessEntry;
  if (service !== undefined && isInternalSystem(service)) return '';
  const words = [
    time.slice(11, 19),
    method,
    path,
    status,
    `${Math.round(durationMs)} ms`,
    ...(instance ? [instance] : []),
  ];
  return `${styleText('dim', words.join(' '))}\n`;
}
