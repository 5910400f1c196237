import { type Measure, measure } from '../../fuzz/property.ts';
import { conversations } from './conversations.ts';

/** Everything that is looked at with inputs made at random. */
export const properties: readonly Measure<unknown>[] = [
  measure({ property: conversations, runs: 25, leastShare: 0.99 }),
];
