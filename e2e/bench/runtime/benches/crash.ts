import { join } from 'node:path';
import { startServer } from '../../../harness/server.ts';
import type { Bench } from '../bench.types.ts';
import { ask, runTeller, writeTeller } from '../service.ts';
import { failedUnderLoad } from './under-load.ts';

const name = 'teller';

/** One of two instances is killed, again whenever both answer, under load. */
export const crash: Bench = {
  name: 'crash',
  async run({ folder, signal }) {
    const source = await writeTeller(join(folder, name));
    await using server = await startServer({ dataDir: join(folder, 'data') });
    await runTeller(server, source, { name, instances: 2 });
    const url = server.url(`/service/${name}/`);
    return await failedUnderLoad({
      what: 'crashes of one of 2 instances',
      url,
      total: 40_000,
      signal,
      async disturb(isOver) {
        const killed = new Set<number>();
        for (;;) {
          const [pid] = await answeringPids(url, killed, isOver);
          if (pid === undefined) return killed.size;
          process.kill(pid, 'SIGKILL');
          killed.add(pid);
        }
      },
    });
  },
};

/** The processes of two instances that answer; of none when the load ends before. */
async function answeringPids(
  url: string,
  killed: ReadonlySet<number>,
  isOver: () => boolean,
): Promise<readonly number[]> {
  const seen = new Set<number>();
  while (!isOver()) {
    const { pid } = await ask(url);
    // An answer that was on its way when it was killed.
    if (!killed.has(pid)) seen.add(pid);
    if (seen.size === 2) return [...seen];
  }
  return [];
}
