import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';

const connections = 64;

export interface RateOptions {
  readonly url: string;
  readonly requestsPerSecond: number;
  /** How many requests in all. */
  readonly total: number;
  readonly signal: AbortSignal;
}

/** An answer, in microseconds. */
export interface Answer {
  readonly startUs: number;
  readonly status: number;
  /** To the end of the answer. */
  readonly elapsedUs: number;
}

/**
 * Sends GET requests over HTTP/1.1 at a rate, evenly over 64 connections, with h2load.
 *
 * @returns the answers in the order of their requests; a request that got none is not among them
 */
export async function requestsAtRate(options: RateOptions): Promise<readonly Answer[]> {
  const { url, requestsPerSecond, total, signal } = options;
  await using folder = await makeTemporaryFolder();
  const log = join(folder.path, 'requests');
  const flags = {
    '--clients': String(connections),
    '--requests': String(total),
    '--rps': String(requestsPerSecond / connections),
    // Connections one after the other: made at once, all of them would send in the same instant ever after.
    '--rate': '1',
    '--rate-period': '1ms',
    '--log-file': log,
  };
  await execa('h2load', ['--h1', ...Object.entries(flags).flat(), url], { cancelSignal: signal });
  const rows = (await readFile(log, 'utf8')).trimEnd().split('\n');
  return rows
    .map((row) => row.split('\t').map(Number) as [number, number, number])
    .map(([startUs, status, elapsedUs]) => ({ startUs, status, elapsedUs }))
    .toSorted((a, b) => a.startUs - b.startUs);
}

/** The rate of the requests that began at `fromUs` or later. */
export function heldRate(answers: readonly Answer[], fromUs = 0): number {
  const starts = answers.map(({ startUs }) => startUs).filter((start) => start >= fromUs);
  const [first, last] = [starts[0] ?? 0, starts.at(-1) ?? 0];
  return starts.length / ((last - first) / 1e6);
}

/** In milliseconds. */
export function percentile(answers: readonly Answer[], share: number): number {
  const times = answers.map(({ elapsedUs }) => elapsedUs).toSorted((a, b) => a - b);
  return (times[Math.floor(times.length * share)] ?? Number.NaN) / 1000;
}
