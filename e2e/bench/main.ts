import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { measureIdleMemory } from './idle-memory.ts';
import { compare, table, writeResults } from './report.ts';
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
const path = await writeResults(rows, 'bench-results', new Date());
process.stdout.write(`${table(rows)}\n\nEvery sample is in ${path}\n`);
if (!rows.every(({ isMet }) => isMet)) process.exitCode = 1;
