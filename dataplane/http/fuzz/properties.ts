import { type Measure, measure } from '../../fuzz/property.ts';
import { answers } from './answers.ts';
import { lanes } from './lanes.ts';
import { requests } from './requests.ts';

/** Everything that is looked at with inputs made at random. */
export const properties: readonly Measure<unknown>[] = [
  measure({ property: requests, runs: 1_500, leastShare: 0.4 }),
  measure({ property: answers, runs: 1_500, leastShare: 0.4 }),
  measure({ property: lanes, runs: 300, leastShare: 0.5 }),
];
