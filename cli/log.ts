import { type Logger, pino } from 'pino';

/** The log of a server: JSON lines on stderr, or lines for people where that is a terminal. */
export async function makeLog(level: string): Promise<Logger> {
  const stderr = 2;
  if (!process.stderr.isTTY) return pino({ level }, pino.destination({ fd: stderr, sync: true }));
  const { default: pretty } = await import('pino-pretty');
  return pino({ level }, pretty({ destination: stderr, sync: true, ignore: 'pid,hostname' }));
}
