import type { Contender } from '../../proxies/contender.types.ts';
import { haproxy } from './haproxy.ts';
import { micro } from './micro.ts';
import { nghttpx } from './nghttpx.ts';
import { nginx } from './nginx.ts';
import { grpcJs, nodeHttp2 } from './node-proxies.ts';

/** In the order in which they take part and are listed; ratios are to the first. */
export const contenders: readonly Contender[] = [nodeHttp2, grpcJs, nginx, nghttpx, haproxy, micro];
