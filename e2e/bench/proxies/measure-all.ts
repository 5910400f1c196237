import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { makeTemporaryFolder } from '../../harness/temporary-folder.ts';
import type { Figure } from '../figure.ts';
import { moveTo } from './cores.ts';
import { openField } from './field.ts';
import type { Options } from './options.ts';
import type { Suite } from './suite.types.ts';

interface Measured {
  readonly figures: readonly Figure[];
  /** Names of benches that could not be measured; why was written to stderr. */
  readonly failed: readonly string[];
}

/**
 * Runs benches one after the other: they would disturb each other.
 *
 * @param signal ends them early; what was measured until then is returned
 */
export async function measureAll(
  suite: Suite,
  { benches, ...chosen }: Options,
  signal: AbortSignal,
): Promise<Measured> {
  const { cores, nodeOptions } = chosen;
  await moveTo(cores.load);
  await using folder = await makeTemporaryFolder();
  const makeFolder = async (name: string) => {
    const path = join(folder.path, name);
    await mkdir(path);
    return path;
  };
  await using instance = await suite.startInstance(cores.load, await makeFolder('instance'));
  const surroundings = { instance: instance.address, core: cores.proxy, nodeOptions };
  await using field = openField({ ...surroundings, folder: await makeFolder('proxies') });
  const figures: Figure[] = [];
  const failed: string[] = [];
  for (const bench of benches) {
    const context = { ...chosen, field, instance: instance.address, folder: await makeFolder(bench.name), signal };
    process.stderr.write(`${bench.name}…\n`);
    try {
      signal.throwIfAborted();
      figures.push(...(await bench.run(context)));
    } catch (error) {
      failed.push(bench.name);
      process.stderr.write(`${bench.name} failed: ${error instanceof Error ? error.message : String(error)}\n`);
    }
  }
  return { figures, failed };
}
