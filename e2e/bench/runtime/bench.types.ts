import type { Figure } from '../figure.ts';

/** What is measured in one go, and can be chosen with `--only`. */
export interface Bench {
  readonly name: string;
  run(context: Context): Promise<readonly Figure[]>;
}

interface Context {
  /** Of this bench alone; it exists. */
  readonly folder: string;
  /** Ends what is being measured. */
  readonly signal: AbortSignal;
}
