import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { makeTemporaryFolder } from '../../harness/temporary-folder.ts';
import type { Figure } from '../figure.ts';
import { areAllMet, compare, table, writeResults } from '../report.ts';
import type { Bench } from './bench.types.ts';
import { cachedRun } from './benches/cached-run.ts';
import { crash } from './benches/crash.ts';
import { manyServices } from './benches/many-services.ts';
import { rollingUpdate } from './benches/rolling-update.ts';

const benches = [rollingUpdate, crash, cachedRun, manyServices];
const usage = `npm run bench:runtime -- [options]

  --only NAME[,NAME…]  ${benches.map(({ name }) => name).join(', ')}; default all
`;

const chosen = choose();
if (chosen === 'help') process.stdout.write(usage);
else if (chosen !== 'wrong') await run(chosen);
else {
  process.stderr.write(usage);
  process.exitCode = 2;
}

/** What the arguments choose. */
function choose(): readonly Bench[] | 'help' | 'wrong' {
  try {
    const { only, help } = parseArgs({ options: { only: { type: 'string' }, help: { type: 'boolean' } } }).values;
    if (help) return 'help';
    const names = only?.split(',') ?? benches.map(({ name }) => name);
    const areKnown = names.every((name) => benches.some((bench) => bench.name === name));
    return areKnown ? benches.filter(({ name }) => names.includes(name)) : 'wrong';
  } catch {
    // An option that there is not.
    return 'wrong';
  }
}

async function run(chosen: readonly Bench[]): Promise<void> {
  await using folder = await makeTemporaryFolder();
  const stopping = new AbortController();
  // Listeners that stay: execa ends the process on a signal to which nobody else listens.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopping.abort());
  const figures: Figure[] = [];
  const failed: string[] = [];
  // One after the other: they would disturb each other.
  for (const bench of chosen) {
    process.stderr.write(`${bench.name}…\n`);
    const own = join(folder.path, bench.name);
    await mkdir(own);
    try {
      stopping.signal.throwIfAborted();
      figures.push(...(await bench.run({ folder: own, signal: stopping.signal })));
    } catch (error) {
      failed.push(bench.name);
      process.stderr.write(`${bench.name} failed: ${error instanceof Error ? error.message : String(error)}\n`);
    }
  }
  const rows = compare(figures);
  const path = await writeResults(rows, { folder: 'bench-results', name: 'runtime', takenAt: new Date() });
  process.stdout.write(`${table(rows)}\n\nEvery sample is in ${path}\n`);
  if (failed.length > 0 || !areAllMet(rows)) process.exitCode = 1;
}
