import type { Figure, Target } from '../figure.ts';
import type { Bench, Context } from './bench.types.ts';
import type { Contender, Proxy } from './contender.types.ts';
import { measureInTurn } from './in-turn.ts';
import { microTitle } from './micro.ts';

/** Work that several contenders do in turn. */
export interface Workload {
  readonly name: string;
  /** "100-byte answers, 64 connections" */
  readonly figure: string;
  readonly unit: string;
  /** Of those that take part at all. */
  readonly contenders: readonly Contender[];
  /** Of `micro server`. */
  readonly targets: readonly Target[];
  /** Length of a sample; default 3. */
  readonly seconds?: number;
  /** Whether a proxy does this work as it should; it throws when not. */
  check(proxy: Proxy): Promise<void>;
  /** One sample. */
  measure(proxy: Proxy, seconds: number, context: Context): Promise<number>;
}

export function bench(workload: Workload): Bench {
  const { name, figure, unit, targets } = workload;
  return {
    name,
    async run(context): Promise<readonly Figure[]> {
      const contenders = context.contenders.filter((contender) => workload.contenders.includes(contender));
      const turns = [];
      for (const contender of contenders) {
        const proxy = await context.field.proxy(contender);
        await workload.check(proxy);
        const measure = (seconds: number) => workload.measure(proxy, seconds, context);
        turns.push({ contender: contender.title, measure });
      }
      const taken = await measureInTurn(turns, context.seconds ?? workload.seconds ?? 3, context);
      return taken.map((samples) => ({
        name: figure,
        unit,
        ...samples,
        ...(samples.contender === microTitle && { targets }),
      }));
    },
  };
}
