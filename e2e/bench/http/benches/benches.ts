import type { Bench } from '../../proxies/bench.types.ts';
import { idleConnections } from './idle-connections.ts';
import { latency } from './latency.ts';
import { slowUpload } from './slow-upload.ts';
import { tableSize } from './table-size.ts';
import { throughput } from './throughput.ts';

/** In their order. */
export const benches: readonly Bench[] = [...throughput, ...latency, tableSize, idleConnections, slowUpload];
