import type { Logger } from 'pino';

/** A line that etcd printed, taken apart. */
export interface EtcdLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'fatal';
  readonly message: string;
  /** What else it says, by name. */
  readonly details: Readonly<Record<string, unknown>>;
}

const levels: Readonly<Record<string, EtcdLine['level']>> = {
  debug: 'debug',
  info: 'info',
  warn: 'warn',
  error: 'error',
  dpanic: 'fatal',
  panic: 'fatal',
  fatal: 'fatal',
};

/** Reads a line of etcd's log, which is JSON. What is not, such as the stack of a crash, is a warning. */
export function readEtcdLine(line: string): EtcdLine {
  try {
    const { level, msg, ts: _, caller: __, stacktrace: ___, ...details } = JSON.parse(line) as Record<string, unknown>;
    if (typeof msg === 'string' && typeof level === 'string')
      return { level: levels[level] ?? 'warn', message: msg, details };
  } catch {
    // It is shown as it is.
  }
  return { level: 'warn', message: line, details: {} };
}

/** Writes it into our own log, at its level. */
export function logEtcdLine(log: Logger, { level, message, details }: EtcdLine): void {
  // Its end is not ours: the member is started again.
  log[level === 'fatal' ? 'error' : level]({ etcd: details }, `etcd: ${message}`);
}

/** "discovery failed: listen tcp …: bind: address already in use" */
export function describeEtcdLine({ message, details: { error } }: EtcdLine): string {
  return typeof error === 'string' ? `${message}: ${error}` : message;
}
