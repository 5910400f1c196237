import type { Bench } from '../../proxies/bench.types.ts';
import { idleConnections } from './idle-connections.ts';
import { slowStreams } from './slow-streams.ts';
import { throughput } from './throughput.ts';

/** In their order. */
export const benches: readonly Bench[] = [...throughput, slowStreams, idleConnections];
