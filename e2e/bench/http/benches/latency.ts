import type { Bench } from '../../proxies/bench.types.ts';
import { check } from '../check.ts';
import { micro } from '../contenders/micro.ts';
import { nginx } from '../contenders/nginx.ts';
import { httpProxy } from '../contenders/node-proxies.ts';
import { small } from '../exchange.ts';
import { p99AtRate } from '../load/h2load.ts';
import { runWrk } from '../load/wrk.ts';
import { bench } from '../../proxies/workload.ts';

/** Under as much load as they take. The samples are long: connecting is part of it, and should not be most of it. */
const atFullLoad = bench({
  name: 'tail',
  figure: '99th percentile at full load, 256 connections',
  unit: 'ms',
  contenders: [nginx, micro],
  targets: [{ atMostTimes: 3, of: 'nginx' }],
  seconds: 20,
  check: (proxy) => check(proxy, small),
  measure: async (proxy, seconds, { signal }) =>
    (await runWrk({ proxy, exchange: small, connections: 256, seconds, signal })).p99Ms,
});

export const latency: readonly Bench[] = [atFullLoad, atHalfRate()];

/** All at the same rate, which is no load for the fast ones. */
function atHalfRate(): Bench {
  let halfRate: number | undefined;
  return bench({
    name: 'tail-half',
    figure: "99th percentile at half of http-proxy's rate",
    unit: 'ms',
    contenders: [nginx, micro],
    targets: [{ atMostTimes: 2, of: 'nginx' }],
    seconds: 5,
    check: (proxy) => check(proxy, small),
    async measure(proxy, seconds, { field, signal }) {
      if (halfRate === undefined) {
        const slowest = await field.proxy(httpProxy);
        const load = { proxy: slowest, exchange: small, connections: 64, seconds: 3, signal };
        halfRate = (await runWrk(load)).requestsPerSecond / 2;
        process.stderr.write(`half of http-proxy's rate is ${halfRate.toFixed(0)} requests a second\n`);
      }
      return p99AtRate({ proxy, exchange: small, requestsPerSecond: halfRate, seconds, signal });
    },
  });
}
