import assert from 'node:assert/strict';
import type { Proxy } from '../../proxies/contender.types.ts';
import { heldRate, percentile, requestsAtRate } from '../../requests-at-rate.ts';
import { type Exchange, prefix } from '../exchange.ts';

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
  const total = Math.round(requestsPerSecond * (warmUpSeconds + seconds));
  const url = `http://${proxy.address}${prefix}${exchange.path}`;
  const answers = await requestsAtRate({ url, requestsPerSecond, total, signal });
  assert.equal(answers.length, total, `${proxy.title}: requests that were answered`);
  assert(
    answers.every(({ status }) => status === 200),
    `${proxy.title}: every answer is a 200`,
  );
  const countedFrom = (answers[0]?.startUs ?? 0) + warmUpSeconds * 1e6;
  const held = heldRate(answers, countedFrom);
  const isHeld = Math.abs(held / requestsPerSecond - 1) <= tolerance;
  assert(isHeld, `${proxy.title}: ${held.toFixed(0)} instead of ${requestsPerSecond.toFixed(0)} requests a second`);
  return percentile(
    answers.filter(({ startUs }) => startUs >= countedFrom),
    0.99,
  );
}
