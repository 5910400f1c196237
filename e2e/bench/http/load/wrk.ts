import { join } from 'node:path';
import { execa } from 'execa';
import type { Proxy } from '../../proxies/contender.types.ts';
import { type Exchange, prefix } from '../exchange.ts';

/** In the root of the repository, where npm starts benchmarks. */
const script = join(process.cwd(), 'e2e', 'bench', 'http', 'load', 'wrk.lua');

/** Of the requests of a measurement. */
const mostFailures = 0.001;

/** A request is a failure when its answer takes longer. */
const timeout = '30s';

export interface WrkOptions {
  readonly proxy: Proxy;
  readonly exchange: Exchange;
  readonly connections: number;
  readonly seconds: number;
  readonly signal: AbortSignal;
}

export interface WrkResult {
  readonly requestsPerSecond: number;
  /** With wrk's correction for requests that were not sent while an answer was late ("coordinated omission"). */
  readonly p99Ms: number;
}

/**
 * As many requests as go, one at a time on each connection.
 *
 * @throws Error when none was answered, or more than one in a thousand failed: that is no measurement
 */
export async function runWrk({ proxy, exchange, connections, seconds, signal }: WrkOptions): Promise<WrkResult> {
  const { method, path, bodyBytes, framing = 'length', closes = false } = exchange;
  const flags = ['--threads', '1', '--connections', String(connections), '--duration', `${seconds}s`];
  const scripted = ['--timeout', timeout, '--script', script, `http://${proxy.address}${prefix}${path}`];
  const request = ['--', method, String(bodyBytes), framing, closes ? 'close' : 'keep'];
  const { stdout } = await execa('wrk', [...flags, ...scripted, ...request], { cancelSignal: signal });
  const { requests, microseconds, failures, p99Microseconds } = JSON.parse(stdout.slice(stdout.lastIndexOf('\n')));
  const what = `${method} ${path} on ${connections} connections through ${proxy.title}`;
  if (requests === 0) throw new Error(`${what}: nothing was answered within ${seconds} s`);
  if (failures / requests > mostFailures) throw new Error(`${what}: ${failures} of ${requests} requests failed`);
  return { requestsPerSecond: requests / (microseconds / 1e6), p99Ms: p99Microseconds / 1000 };
}
