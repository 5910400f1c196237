import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { makeTemporaryFolder } from '../../../harness/temporary-folder.ts';
import type { Proxy } from '../../proxies/contender.types.ts';
import { type Exchange, prefix } from '../exchange.ts';

const connections = 64;

/** The first second, in which connections are made, does not count. */
const warmUpSeconds = 1;

/** How far the rate may be off. */
const tolerance = 0.03;

export interface RateOptions {
  readonly proxy: Proxy;
  readonly exchange: Exchange;
  readonly requestsPerSecond: number;
  readonly seconds: number;
  readonly signal: AbortSignal;
}

/**
 * Requests at a rate, evenly over 64 connections.
 *
 * @returns the 99th percentile of the time to an answer, in milliseconds
 * @throws AssertionError when the rate was not held, or a request failed
 */
export async function p99AtRate(options: RateOptions): Promise<number> {
  const { proxy, exchange, requestsPerSecond, seconds, signal } = options;
  await using folder = await makeTemporaryFolder();
  const log = join(folder.path, 'requests');
  const total = Math.round(requestsPerSecond * (warmUpSeconds + seconds));
  const flags = {
    '--clients': String(connections),
    '--requests': String(total),
    '--rps': String(requestsPerSecond / connections),
    // Connections one after the other: made at once, all of them would send in the same instant ever after.
    '--rate': '1',
    '--rate-period': '1ms',
    '--log-file': log,
  };
  const url = `http://${proxy.address}${prefix}${exchange.path}`;
  await execa('h2load', ['--h1', ...Object.entries(flags).flat(), url], { cancelSignal: signal });

  // Start in microseconds, status, microseconds to the end of the answer.
  const rows = (await readFile(log, 'utf8')).trimEnd().split('\n');
  const requests = rows.map((row) => row.split('\t').map(Number) as [number, number, number]);
  assert.equal(requests.length, total, `${proxy.title}: requests that were answered`);
  assert(
    requests.every(([, status]) => status === 200),
    `${proxy.title}: every answer is a 200`,
  );
  const starts = requests.map(([start]) => start).toSorted((a, b) => a - b);
  const countedFrom = (starts[0] as number) + warmUpSeconds * 1e6;
  const counted = requests.filter(([start]) => start >= countedFrom);
  const held = counted.length / (((starts.at(-1) as number) - countedFrom) / 1e6);
  const isHeld = Math.abs(held / requestsPerSecond - 1) <= tolerance;
  assert(isHeld, `${proxy.title}: ${held.toFixed(0)} instead of ${requestsPerSecond.toFixed(0)} requests a second`);
  const times = counted.map(([, , elapsed]) => elapsed).toSorted((a, b) => a - b);
  return (times[Math.floor(times.length * 0.99)] as number) / 1000;
}
