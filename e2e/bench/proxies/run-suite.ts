import { areAllMet, compare, table, writeResults } from '../report.ts';
import { measureAll } from './measure-all.ts';
import { type Options, readOptions, usage } from './options.ts';
import type { Suite } from './suite.types.ts';

/**
 * Measures what the arguments choose, prints the table and writes every sample to `bench-results/`.
 *
 * The exit code becomes 1 when a target was missed or something could not be measured, 2 for wrong use.
 */
export async function runSuite(suite: Suite, args: readonly string[]): Promise<void> {
  let options: Options | 'help';
  try {
    options = readOptions(args, suite);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${usage(suite)}`);
    process.exitCode = 2;
    return;
  }
  if (options === 'help') process.stdout.write(usage(suite));
  else await run(suite, options);
}

async function run(suite: Suite, options: Options): Promise<void> {
  const stopping = new AbortController();
  // Listeners that stay: execa ends the process on a signal to which nobody else listens.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopping.abort());
  const { figures, failed } = await measureAll(suite, options, stopping.signal);
  if (failed.length > 0) process.stderr.write(`Could not be measured: ${failed.join(', ')}; see above\n`);
  if (figures.length === 0) process.exit(1);
  const rows = compare(figures);
  const path = await writeResults(rows, { folder: 'bench-results', name: suite.name, takenAt: new Date() });
  process.stdout.write(`${table(rows)}\n\nEvery sample is in ${path}\n`);
  if (failed.length > 0 || !areAllMet(rows)) process.exitCode = 1;
}
