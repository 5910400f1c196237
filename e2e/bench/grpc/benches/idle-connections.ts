import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Figure } from '../../figure.ts';
import type { Bench } from '../../proxies/bench.types.ts';
import { idleMemory } from '../../proxies/idle-memory.ts';
import { check } from '../check.ts';
import { micro } from '../contenders/micro.ts';
import { small } from '../exchange.ts';

const clients = new URL('idle-clients.process.js', import.meta.url);

/** The others would have to be told to take so many. */
const measured = new Set([micro]);

/** What a connection costs that has served a call and stays open, in a proxy that has just been started. */
export const idleConnections: Bench = {
  name: 'idle',
  async run({ contenders, folder, instance, cores, rounds, nodeOptions, signal }) {
    const figures: Figure[] = [];
    for (const contender of contenders.filter((candidate) => measured.has(candidate))) {
      const samples: number[] = [];
      for (let round = 0; round < rounds; round += 1) {
        const own = join(folder, `${contender.name}-${round}`);
        await mkdir(own);
        await using running = await contender.start({ folder: own, instance, core: cores.proxy, nodeOptions });
        const proxy = { ...running, title: contender.title };
        await check(proxy, small);
        samples.push(await idleMemory(proxy, { clients, target: proxy.address, signal }));
      }
      const name = 'memory of an idle connection, of 10,000';
      figures.push({ name, contender: contender.title, unit: 'KiB', samples, targets: [{ atMost: 16 }] });
    }
    return figures;
  },
};
