import type { Bench } from '../../proxies/bench.types.ts';
import { bench } from '../../proxies/workload.ts';
import { check } from '../check.ts';
import { contenders } from '../contenders/contenders.ts';
import { grpcJs, nodeHttp2 } from '../contenders/node-proxies.ts';
import { large, small, stream } from '../exchange.ts';
import { callsPerSecond, secondsOfCall } from '../load/h2load.ts';
import { tracedCallsPerSecond } from '../load/tracing-clients.ts';

const messages = 1_000_000;

/** Those two are libraries in the smallest programs, which give up under much of anything. */
const forMuch = contenders.filter((contender) => contender !== grpcJs && contender !== nodeHttp2);

const to = (of: string, atLeastTimes: number) => ({ atLeastTimes, of });

export const throughput: readonly Bench[] = [
  bench({
    name: 'unary',
    figure: 'unary calls, 16 bytes, 8 connections × 16 streams',
    unit: 'per second',
    contenders,
    targets: [to('HAProxy', 0.9), to('nginx', 2), to('node:http2', 8)],
    check: (proxy) => check(proxy, small),
    measure: (proxy, seconds, { signal }) =>
      callsPerSecond({ proxy, exchange: small, connections: 8, streams: 16, seconds, signal }),
  }),
  bench({
    name: 'unary-32',
    figure: 'unary calls, 16 bytes, 32 connections × 1 stream',
    unit: 'per second',
    contenders,
    targets: [to('HAProxy', 0.8), to('nginx', 1)],
    check: (proxy) => check(proxy, small),
    measure: (proxy, seconds, { signal }) =>
      callsPerSecond({ proxy, exchange: small, connections: 32, streams: 1, seconds, signal }),
  }),
  bench({
    name: 'traced',
    figure: 'unary calls with metadata that changes on every call',
    unit: 'per second',
    contenders,
    targets: [to('HAProxy', 0.7)],
    check: (proxy) => check(proxy, small),
    measure: (proxy, seconds, { signal }) =>
      tracedCallsPerSecond({ proxy, connections: 8, streams: 16, seconds, signal }),
  }),
  bench({
    name: 'large',
    figure: 'unary calls, 64 KiB',
    unit: 'MB a second',
    contenders: forMuch,
    targets: [to('HAProxy', 0.7)],
    check: (proxy) => check(proxy, large),
    measure: async (proxy, seconds, { signal }) =>
      ((await callsPerSecond({ proxy, exchange: large, connections: 8, streams: 4, seconds, signal })) *
        2 *
        large.messageBytes) /
      1e6,
  }),
  bench({
    name: 'stream',
    figure: 'a stream of 1,000,000 messages of 16 bytes',
    unit: 'messages a second',
    contenders: forMuch,
    targets: [to('HAProxy', 0.7)],
    check: (proxy) => check(proxy, stream(1_000)),
    measure: async (proxy, _seconds, { signal }) =>
      messages / (await secondsOfCall({ proxy, exchange: stream(messages), signal })),
  }),
];
