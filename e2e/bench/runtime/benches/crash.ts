import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Deployment } from '../../../harness/listings.ts';
import { type Server, startServer } from '../../../harness/server.ts';
import type { Bench } from '../bench.types.ts';
import { runTeller, writeTeller } from '../service.ts';
import { failedUnderLoad } from './under-load.ts';

const name = 'teller';

/** One of two instances is killed, again whenever both are ready, under load. */
export const crash: Bench = {
  name: 'crash',
  async run({ folder, signal }) {
    const source = await writeTeller(join(folder, name));
    await using server = await startServer({ dataDir: join(folder, 'data') });
    await runTeller(server, source, { name, instances: 2 });
    return await failedUnderLoad({
      what: 'crashes of one of 2 instances',
      url: server.url(`/service/${name}/`),
      total: 40_000,
      signal,
      async disturb(isOver) {
        let times = 0;
        for (;;) {
          const pids = await readyPids(server, isOver);
          const pid = pids[times % pids.length];
          if (pid === undefined) return times;
          process.kill(pid, 'SIGKILL');
          times += 1;
        }
      },
    });
  },
};

/** The processes of both instances once they are ready; of none when the load ends before. */
async function readyPids(server: Server, isOver: () => boolean): Promise<readonly number[]> {
  while (!isOver()) {
    const [deployment] = await server.list<Deployment>('status', name);
    const ready = deployment?.instances.filter(({ state }) => state === 'ready') ?? [];
    if (ready.length === 2) return ready.map(({ pid }) => pid);
    await pause(100);
  }
  return [];
}
