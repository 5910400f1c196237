import type { Bench } from './bench.types.ts';
import type { Contender } from './contender.types.ts';
import type { Program } from './program.ts';

/** What one npm script measures: proxies of one protocol, against each other. */
export interface Suite {
  /** "http" for `npm run bench:http`; also what the names of its results begin with. */
  readonly name: string;
  /** In the order in which they are run. */
  readonly benches: readonly Bench[];
  /** In the order in which they take part and are listed; ratios are to the first. */
  readonly contenders: readonly Contender[];
  /** What --help shows below the options: commands to start from. */
  readonly examples: string;
  /** Starts the instance behind every proxy. The folder is its own. */
  startInstance(core: number, folder: string): Promise<Program>;
}
