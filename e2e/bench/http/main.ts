import { areAllMet, compare, table, writeResults } from '../report.ts';
import { measureAll } from './measure-all.ts';
import { type Options, readOptions, usage } from './options.ts';

let options: Options | 'help' | undefined;
try {
  options = readOptions(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
  process.exitCode = 2;
}
if (options === 'help') process.stdout.write(usage);
else if (options !== undefined) await run(options);

async function run(chosen: Options): Promise<void> {
  const stopping = new AbortController();
  // Listeners that stay: execa ends the process on a signal to which nobody else listens.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopping.abort());
  const { figures, failed } = await measureAll(chosen, stopping.signal);
  if (failed.length > 0) process.stderr.write(`Could not be measured: ${failed.join(', ')}; see above\n`);
  if (figures.length === 0) process.exit(1);
  const rows = compare(figures);
  const path = await writeResults(rows, { folder: 'bench-results', name: 'http', takenAt: new Date() });
  process.stdout.write(`${table(rows)}\n\nEvery sample is in ${path}\n`);
  if (failed.length > 0 || !areAllMet(rows)) process.exitCode = 1;
}
