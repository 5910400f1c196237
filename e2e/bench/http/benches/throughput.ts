import type { Bench } from '../../proxies/bench.types.ts';
import { check } from '../check.ts';
import { contenders } from '../contenders/contenders.ts';
import { microWithAccessLog } from '../contenders/micro.ts';
import { nginxUnbuffered } from '../contenders/nginx.ts';
import { http2Proxy } from '../contenders/node-proxies.ts';
import { chunked, closing, download, type Exchange, medium, small, upload } from '../exchange.ts';
import { runWrk } from '../load/wrk.ts';
import { bench, type Workload } from '../../proxies/workload.ts';

/** Requests without a body: nginx is the same with and without buffering. */
const withoutBodies = contenders.filter((contender) => contender !== nginxUnbuffered);

/** Large ones: a line in the log makes no difference, and http2-proxy forwards as http-proxy does. */
const forLarge = contenders.filter((contender) => contender !== microWithAccessLog && contender !== http2Proxy);

const toNginx = (atLeastTimes: number) => ({ atLeastTimes, of: 'nginx' });
/** The faster of the two. */
const toEachNginx = (atLeastTimes: number) => [toNginx(atLeastTimes), { atLeastTimes, of: 'nginx, unbuffered' }];
const toHttpProxy = (atLeastTimes: number) => ({ atLeastTimes, of: 'http-proxy' });

export const throughput: readonly Bench[] = [
  perSecond({
    name: 'small',
    figure: '100-byte answers, 64 connections',
    exchange: small,
    connections: 64,
    contenders: withoutBodies,
    targets: [toHttpProxy(6), { atLeastTimes: 3, of: 'Caddy' }, toNginx(0.75)],
  }),
  perSecond({
    name: 'small-1000',
    figure: '100-byte answers, 1,000 connections',
    exchange: small,
    connections: 1000,
    // Part of the time goes by until all are connected.
    seconds: 4,
    contenders: withoutBodies,
    targets: [toHttpProxy(5), toNginx(0.5)],
  }),
  perSecond({
    name: 'medium',
    figure: '16 KiB bodies and answers, by length',
    exchange: medium,
    connections: 64,
    contenders,
    targets: [toHttpProxy(3), ...toEachNginx(0.5)],
  }),
  perSecond({
    name: 'chunked',
    figure: '16 KiB bodies and answers, chunked',
    exchange: chunked,
    connections: 64,
    contenders,
    targets: [toHttpProxy(3), ...toEachNginx(0.5)],
  }),
  megabytesPerSecond({
    name: 'download',
    figure: '10 MiB answers',
    exchange: download,
    connections: 8,
    contenders: forLarge.filter((contender) => contender !== nginxUnbuffered),
    targets: [toNginx(0.8)],
  }),
  megabytesPerSecond({
    name: 'upload',
    figure: '10 MiB uploads',
    exchange: upload,
    connections: 8,
    contenders: forLarge,
    targets: toEachNginx(0.8),
  }),
  perSecond({
    name: 'connections',
    figure: 'a new connection for every request',
    exchange: closing,
    connections: 64,
    contenders: withoutBodies,
    targets: [toHttpProxy(1.5), toNginx(0.4)],
  }),
];

interface Throughput extends Omit<Workload, 'unit' | 'check' | 'measure'> {
  readonly exchange: Exchange;
  readonly connections: number;
}

function perSecond({ exchange, connections, ...workload }: Throughput): Bench {
  return bench({
    ...workload,
    unit: 'per second',
    check: (proxy) => check(proxy, exchange),
    measure: async (proxy, seconds, { signal }) =>
      (await runWrk({ proxy, exchange, connections, seconds, signal })).requestsPerSecond,
  });
}

function megabytesPerSecond({ exchange, connections, ...workload }: Throughput): Bench {
  const megabytes = (exchange.bodyBytes + exchange.answerBytes) / 1e6;
  return bench({
    ...workload,
    unit: 'MB a second',
    check: (proxy) => check(proxy, exchange),
    measure: async (proxy, seconds, { signal }) =>
      (await runWrk({ proxy, exchange, connections, seconds, signal })).requestsPerSecond * megabytes,
  });
}
