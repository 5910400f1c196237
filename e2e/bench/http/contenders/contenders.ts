import { caddy } from './caddy.ts';
import type { Contender } from '../../proxies/contender.types.ts';
import { haproxy } from './haproxy.ts';
import { micro, microWithAccessLog } from './micro.ts';
import { nginx, nginxUnbuffered } from './nginx.ts';
import { http2Proxy, httpProxy } from './node-proxies.ts';

/** In the order in which they take part and are listed; ratios are to the first. */
export const contenders: readonly Contender[] = [
  httpProxy,
  http2Proxy,
  caddy,
  haproxy,
  nginx,
  nginxUnbuffered,
  micro,
  microWithAccessLog,
];
