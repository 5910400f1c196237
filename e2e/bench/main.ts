import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { measureIdleMemory } from './idle-memory.ts';
import { areAllMet, compare, table, writeResults } from './report.ts';
import { measureRouting } from './routing.ts';
import { measureStartUp } from './start-up.ts';
import { measureStores } from './stores.ts';

// One after the other: they would disturb each other.
const benchmarks = [measureStartUp, measureIdleMemory, measureRouting, measureStores];

const figures = [];
for (const measure of benchmarks) {
  await using folder = await makeTemporaryFolder();
  process.stderr.write(`${measure.name}…\n`);
  figures.push(...(await measure(folder.path)));
}
const rows = compare(figures);
const path = await writeResults(rows, { folder: 'bench-results', name: 'bench', takenAt: new Date() });
process.stdout.write(`${table(rows)}\n\nEvery sample is in ${path}\n`);
if (!areAllMet(rows)) process.exitCode = 1;
