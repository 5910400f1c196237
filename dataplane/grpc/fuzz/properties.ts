import { type Measure, measure } from '../../fuzz/property.ts';
import { blocks } from './blocks.ts';
import { conversations } from './conversations.ts';
import { encodedByNode } from './encoded-by-node.ts';
import { encodedHere } from './encoded-here.ts';
import { hostileClients } from './hostile-clients.ts';
import { hostileInstances } from './hostile-instances.ts';

/** Everything that is looked at with inputs made at random. */
export const properties: readonly Measure<unknown>[] = [
  measure({ property: blocks, runs: 600, leastShare: 0.5 }),
  measure({ property: encodedByNode, runs: 60, leastShare: 0.99 }),
  measure({ property: encodedHere, runs: 60, leastShare: 0.99 }),
  measure({ property: conversations, runs: 25, leastShare: 0.99 }),
  measure({ property: hostileClients, runs: 120, leastShare: 0.25 }),
  measure({ property: hostileInstances, runs: 120, leastShare: 0.3 }),
];
