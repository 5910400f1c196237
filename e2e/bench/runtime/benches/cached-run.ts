import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { samples } from '../../../harness/samples.ts';
import { startServer } from '../../../harness/server.ts';
import { startBare } from '../bare-service.ts';
import type { Bench } from '../bench.types.ts';

const rounds = 9;
const figure = 'start of a service that is built, until it can be called';
const bare = 'node dist/main.js';

/** `micro run` of the greeter when the server has its bundle and build, against the same program started by hand. */
export const cachedRun: Bench = {
  name: 'run',
  async run({ folder }) {
    const source = join(folder, 'greeter');
    const built = join(folder, 'built');
    for (const copy of [source, built]) await cp(samples.greeter, copy, { recursive: true });
    await execa('npm', ['ci'], { cwd: built });
    await execa('npm', ['run', 'build'], { cwd: built });
    await using server = await startServer({ dataDir: join(folder, 'data') });
    await server.succeed('run', source);

    const [ofMicro, ofNode]: [number[], number[]] = [[], []];
    // One of each before those that count: what is read from the disk is in memory then.
    for (let round = -1; round < rounds; round += 1) {
      await server.succeed('kill', 'greeter');
      const runMs = await timed(() => server.succeed('run', source));
      let service: AsyncDisposable | undefined;
      const nodeMs = await timed(async () => {
        service = await startBare(built, 'dist/main.js');
      });
      await service?.[Symbol.asyncDispose]();
      if (round < 0) continue;
      ofMicro.push(runMs);
      ofNode.push(nodeMs);
    }
    return [
      { name: figure, contender: bare, unit: 'ms', samples: ofNode },
      { name: figure, contender: 'micro run', unit: 'ms', samples: ofMicro, targets: [{ atMostTimes: 3, of: bare }] },
    ];
  },
};

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
