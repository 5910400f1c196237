import type { Figure } from '../figure.ts';
import type { Contender } from './contender.types.ts';
import type { Field } from './field.ts';
import type { Cores } from './cores.ts';

/** What is measured in one go, and can be chosen with `--only`. */
export interface Bench {
  readonly name: string;
  run(context: Context): Promise<readonly Figure[]>;
}

export interface Context {
  /** The proxies that several benches share. */
  readonly field: Field;
  /** Who takes part. */
  readonly contenders: readonly Contender[];
  /** Address of the instance. */
  readonly instance: string;
  /** Of this bench alone; it exists. */
  readonly folder: string;
  readonly cores: Cores;
  readonly rounds: number;
  /** Length of a sample; undefined for the bench's own. */
  readonly seconds: number | undefined;
  readonly nodeOptions: string | undefined;
  /** Ends what is being measured. */
  readonly signal: AbortSignal;
}
