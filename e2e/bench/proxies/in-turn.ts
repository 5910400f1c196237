import type { Busy, Figure } from '../figure.ts';
import type { Context } from './bench.types.ts';
import { watchCores } from './cores.ts';

const warmUpSeconds = 1;

/** Somebody who is measured. */
export interface Turn {
  readonly contender: string;
  readonly measure: (seconds: number) => Promise<number>;
}

/** Samples of all, round by round, so that what disturbs the machine for a while disturbs each of them. */
export async function measureInTurn(
  turns: readonly Turn[],
  seconds: number,
  { rounds, cores }: Pick<Context, 'rounds' | 'cores'>,
): Promise<readonly Required<Pick<Figure, 'contender' | 'samples' | 'busy'>>[]> {
  const taken = turns.map((turn) => ({ ...turn, samples: [] as number[], busy: [] as Busy[] }));
  for (const { measure } of taken) await measure(warmUpSeconds);
  for (let round = 0; round < rounds; round += 1) {
    // There and back: nobody always comes first.
    for (const { measure, samples, busy } of round % 2 === 0 ? taken : taken.toReversed()) {
      const tell = await watchCores(cores);
      samples.push(await measure(seconds));
      busy.push(await tell());
    }
  }
  return taken.map(({ contender, samples, busy }) => ({ contender, samples, busy }));
}
