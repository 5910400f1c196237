import { answers } from './answers.ts';
import { lanes } from './lanes.ts';
import type { Property } from './property.ts';
import { requests } from './requests.ts';

interface Measure<Input> {
  readonly property: Property<Input>;
  /** How many inputs the tests make: all properties together are to take less than 20 s. */
  readonly runs: number;
  /** Share of the inputs that at least is understood and compared. */
  readonly leastShare: number;
}

/** With the type of the inputs left out, so that all of them can stand in one list. */
function measure<Input>(each: Measure<Input>): Measure<unknown> {
  return each;
}

/** Everything that is looked at with inputs made at random. */
export const properties: readonly Measure<unknown>[] = [
  measure({ property: requests, runs: 1_500, leastShare: 0.4 }),
  measure({ property: answers, runs: 1_500, leastShare: 0.4 }),
  measure({ property: lanes, runs: 300, leastShare: 0.5 }),
];
