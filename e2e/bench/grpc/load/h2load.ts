import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { makeTemporaryFolder } from '../../../harness/temporary-folder.ts';
import type { Proxy } from '../../proxies/contender.types.ts';
import { type Exchange, messageOf, pathOf } from '../exchange.ts';

const secondsOf: Readonly<Record<string, number>> = { s: 1, ms: 1e-3, us: 1e-6 };

/** Of the calls of a measurement. */
const mostFailures = 0.001;

export interface LoadOptions {
  readonly proxy: Proxy;
  readonly exchange: Exchange;
  readonly connections: number;
  /** Calls at a time on each connection. */
  readonly streams: number;
  readonly signal: AbortSignal;
}

/**
 * As many calls as go.
 *
 * @returns calls a second
 * @throws Error when none was answered, or more than one in a thousand failed: that is no measurement
 */
export async function callsPerSecond(options: LoadOptions & { readonly seconds: number }): Promise<number> {
  const { rate } = await runH2load(options, ['--duration', String(options.seconds)]);
  return rate;
}

/**
 * One call, however long it takes.
 *
 * @returns its seconds
 * @throws Error when it failed
 */
export async function secondsOfCall(options: Pick<LoadOptions, 'proxy' | 'exchange' | 'signal'>): Promise<number> {
  const { rate } = await runH2load({ ...options, connections: 1, streams: 1 }, ['--requests', '1']);
  return 1 / rate;
}

/** A call that was answered without messages, with an error of gRPC, is one that failed: what is received is counted. */
async function runH2load(options: LoadOptions, extent: readonly string[]): Promise<{ readonly rate: number }> {
  const { proxy, exchange, connections, streams, signal } = options;
  await using folder = await makeTemporaryFolder();
  const message = join(folder.path, 'message');
  await writeFile(message, messageOf(exchange));
  const load = ['--clients', String(connections), '--max-concurrent-streams', String(streams), ...extent];
  const request = ['--data', message, '--header', 'content-type: application/grpc', '--header', 'te: trailers'];
  const url = `http://${proxy.address}${pathOf(exchange)}`;
  const { stdout } = await execa('h2load', [...load, ...request, url], { cancelSignal: signal });

  const what = `${exchange.method} on ${connections} × ${streams} streams through ${proxy.title}`;
  const read = (pattern: RegExp) => {
    const [, number] = pattern.exec(stdout) ?? [];
    if (number === undefined) throw new Error(`${what}: no ${pattern.source} in what h2load said: ${stdout}`);
    return Number(number);
  };
  const done = read(/ (\d+) done/);
  if (done === 0) throw new Error(`${what}: nothing was answered`);
  const answered = read(/\((\d+)\) data/) / (exchange.messageBytes * exchange.answers);
  const failures = done - Math.min(read(/ (\d+) succeeded/), Math.floor(answered));
  if (failures / done > mostFailures) throw new Error(`${what}: ${failures} of ${done} calls failed`);
  const [, elapsed, unit] = /finished in ([\d.]+)(s|ms|us),/.exec(stdout) ?? [];
  const seconds = Number(elapsed) * (secondsOf[unit ?? ''] ?? Number.NaN);
  if (!(seconds > 0)) throw new Error(`${what}: how long it took is not in what h2load said: ${stdout}`);
  return { rate: done / seconds };
}
