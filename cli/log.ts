import { type Logger, pino } from 'pino';
import { isTerminal } from './output/terminal.ts';

const stderr = 2;

/** Characters that wait, while they cannot be written; lines beyond them are left out. */
const longestQueue = 1024 * 1024;

/**
 * The log of a server: JSON lines on stderr, or lines for people where that is a terminal.
 *
 * @param bindings told in each line
 */
export async function makeLog(level: string, bindings: object = {}): Promise<Logger> {
  if (!isTerminal(process.stderr)) {
    const destination = pino.destination({ fd: stderr, sync: true, maxLength: longestQueue });
    // A full disk costs lines of the log, not the server.
    destination.on('error', () => undefined);
    return pino({ level }, destination).child(bindings);
  }
  const { default: pretty } = await import('pino-pretty');
  return pino({ level }, pretty({ destination: stderr, sync: true, ignore: 'pid,hostname', singleLine: true })).child(
    bindings,
  );
}
