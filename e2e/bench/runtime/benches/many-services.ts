import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pLimit from 'p-limit';
import { type Server, startServer } from '../../../harness/server.ts';
import type { Figure } from '../../figure.ts';
import { residentBytes } from '../../resident-memory.ts';
import { startBare } from '../bare-service.ts';
import type { Bench } from '../bench.types.ts';
import { ask, runTeller, writeTeller } from '../service.ts';

const names = Array.from({ length: 100 }, (_, index) => `teller-${index + 1}`);
const runsAtOnce = 4;
const rounds = 3;
const samplesEach = 5;
const pauseMs = 1000;
const bare = '100 bare processes';

/** What 100 small services cost the server, and how long it takes to bring them back after it was killed. */
export const manyServices: Bench = {
  name: 'many',
  async run({ folder }) {
    const source = await writeTeller(join(folder, 'teller'));
    const dataDir = join(folder, 'data');
    let server = await startServer({ dataDir });
    try {
      const idle = await memoryMb(server);
      const atOnce = pLimit(runsAtOnce);
      await Promise.all(names.map((name) => atOnce(() => runTeller(server, source, { name }))));
      const base = Math.min(...idle);
      const above = (await memoryMb(server)).map((megabytes) => megabytes - base);

      const [started, restored]: [number[], number[]] = [[], []];
      for (let round = 0; round < rounds; round += 1) {
        started.push(await startAllBare(source));
        const before = await pidsOf(server);
        await server.crash();
        const start = performance.now();
        server = await startServer({ dataDir });
        await untilRestored(server, before);
        restored.push(performance.now() - start);
      }
      return figures(above, started, restored);
    } finally {
      await server[Symbol.asyncDispose]();
    }
  },
};

function figures(above: readonly number[], started: readonly number[], restored: readonly number[]): readonly Figure[] {
  const name = 'start of 100 services';
  const times = [{ atMostTimes: 2, of: bare }];
  return [
    {
      name: 'resident memory of the server with 100 services, above idle',
      contender: 'micro server',
      unit: 'MB',
      samples: above,
      targets: [{ atMost: 60 }],
    },
    { name, contender: bare, unit: 'ms', samples: started },
    { name, contender: 'micro server after kill -9', unit: 'ms', samples: restored, targets: times },
  ];
}

async function memoryMb(server: Server): Promise<readonly number[]> {
  const samples: number[] = [];
  for (let taken = 0; taken < samplesEach; taken += 1) {
    await pause(pauseMs);
    samples.push((await residentBytes(server.pid)) / 1e6);
  }
  return samples;
}

/** Starts as many of the same program at once, and ends them. */
async function startAllBare(folder: string): Promise<number> {
  const start = performance.now();
  const services = await Promise.allSettled(names.map(() => startBare(folder, 'server.js')));
  const elapsedMs = performance.now() - start;
  for (const service of services) if (service.status === 'fulfilled') await service.value[Symbol.asyncDispose]();
  const failed = services.find((service) => service.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return elapsedMs;
}

const urlOf = (server: Server, name: string): string => server.url(`/service/${name}/`);

/** The process that answers for each service. */
async function pidsOf(server: Server): Promise<ReadonlyMap<string, number>> {
  const told = await Promise.all(names.map((name) => ask(urlOf(server, name))));
  return new Map(told.map(({ pid }, index) => [names[index] ?? '', pid]));
}

/** What the killed server left running serves until its successor does: a new process has to answer. */
async function untilRestored(server: Server, before: ReadonlyMap<string, number>): Promise<void> {
  let waiting: readonly string[] = names;
  while (waiting.length > 0) {
    await pause(pollMs);
    const told = await Promise.all(waiting.map((name) => ask(urlOf(server, name)).catch(() => undefined)));
    waiting = waiting.filter((name, index) => [undefined, before.get(name)].includes(told[index]?.pid));
  }
}

const pollMs = 100;
