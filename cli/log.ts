import { once } from 'node:events';
import { type Logger, pino } from 'pino';
import { OperationError } from './errors.ts';
import { isTerminal } from './output/terminal.ts';

const stdout = 1;
const stderr = 2;

/** The log of a server: JSON lines on stderr, or lines for people where that is a terminal. */
export async function makeLog(level: string): Promise<Logger> {
  if (!isTerminal(process.stderr)) return pino({ level }, pino.destination({ fd: stderr, sync: true }));
  const { default: pretty } = await import('pino-pretty');
  return pino({ level }, pretty({ destination: stderr, sync: true, ignore: 'pid,hostname' }));
}

/** Where access log lines go. They are written in the background, so that no request waits for them. */
export type AccessLog = ReturnType<typeof pino.destination>;

/**
 * Opens the access log.
 *
 * @param target "stdout", or the path of a file that is appended to
 * @throws OperationError when the file cannot be written
 */
export async function openAccessLog(target: string): Promise<AccessLog> {
  const log = pino.destination({ dest: target === 'stdout' ? stdout : target, sync: false });
  if (target === 'stdout') return log;
  try {
    await once(log, 'ready');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new OperationError(`the access log cannot be written: ${reason}; name another file with --access-log`, {
      cause,
    });
  }
  return log;
}
