import { join } from 'node:path';
import { startServer } from '../../../harness/server.ts';
import type { Bench } from '../bench.types.ts';
import { runTeller, writeTeller } from '../service.ts';
import { failedUnderLoad } from './under-load.ts';

const name = 'teller';

/** Versions of a service follow one another as fast as they can, under load. */
export const rollingUpdate: Bench = {
  name: 'update',
  async run({ folder, signal }) {
    const source = await writeTeller(join(folder, name));
    await using server = await startServer({ dataDir: join(folder, 'data') });
    const update = (version: number): Promise<void> =>
      runTeller(server, source, { name, version: String(version), instances: 2 });
    await update(0);
    return await failedUnderLoad({
      what: 'rolling updates of 2 instances',
      url: server.url(`/service/${name}/`),
      total: 110_000,
      signal,
      async disturb(isOver) {
        let times = 0;
        while (!isOver()) await update((times += 1));
        return times;
      },
    });
  },
};
