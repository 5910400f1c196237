import { join } from 'node:path';
import { startServer } from '../harness/server.ts';
import type { Figure } from './figure.ts';
import { startRealEtcd } from '../harness/real-etcd.ts';
import { measurePuts, measureRanges, measureWatch } from './store-workloads.ts';

const rounds = 5;

/**
 * The embedded etcd against a single real one, on the same disk, round by round. The embedded one is reached on its Unix
 * socket, as the server reaches it; etcd, which has no such thing, on the loopback.
 */
export async function measureStores(folder: string): Promise<readonly Figure[]> {
  await using server = await startServer({ dataDir: join(folder, 'data') });
  await using etcd = await startRealEtcd(join(folder, 'etcd'));
  const contenders = [
    { contender: 'etcd', host: etcd.address },
    { contender: 'embedded etcd', host: `unix:${join(server.dataDir, 'etcd.sock')}` },
  ];
  const workloads = [
    { name: 'durable puts, 1 client', unit: 'per second', measure: (host: string) => measurePuts(host, 1, 300) },
    { name: 'durable puts, 64 clients', unit: 'per second', measure: (host: string) => measurePuts(host, 64, 6400) },
    {
      name: 'ranges of 100 keys, 8 clients',
      unit: 'per second',
      measure: (host: string) => measureRanges(host, 8, 1600),
    },
    { name: 'put to watch event', unit: 'ms', measure: (host: string) => measureWatch(host, 200) },
  ];
  const figures: Figure[] = [];
  for (const { name, unit, measure } of workloads) {
    const taken = contenders.map(({ contender, host }) => ({ contender, host, samples: [] as number[] }));
    for (let round = -1; round < rounds; round += 1) {
      for (const { host, samples } of taken) {
        const sample = await measure(host);
        // The first round warms up.
        if (round >= 0) samples.push(sample);
      }
    }
    for (const { contender, samples } of taken) figures.push({ name, contender, unit, samples });
  }
  return figures;
}
