import { makeTemporaryFolder } from '../../harness/temporary-folder.ts';
import { areAllMet, compare, table, writeResults } from '../report.ts';
import { measureControlPlane } from './control-plane.ts';
import { measureDataPlane } from './data-plane.ts';

// npm run bench:scale: what a change costs, by how large the route table is and how many data planes there are.

const benchmarks = [measureDataPlane, measureControlPlane];

const figures = [];
for (const measure of benchmarks) {
  await using folder = await makeTemporaryFolder();
  process.stderr.write(`${measure.name}…\n`);
  figures.push(...(await measure(folder.path)));
}
const rows = compare(figures);
const path = await writeResults(rows, { folder: 'bench-results', name: 'scale', takenAt: new Date() });
process.stdout.write(`${table(rows)}\n\nEvery sample is in ${path}\n`);
if (!areAllMet(rows)) process.exitCode = 1;
