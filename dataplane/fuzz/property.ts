import type * as fc from 'fast-check';

/** Something that holds for every input, in three uses: a run in the tests, a long run, and the inputs that were saved. */
export interface Property<Input = unknown> {
  /** Also the name of the file of its saved inputs. */
  readonly name: string;
  /** Inputs are plain JSON, with bytes as latin1, so that one that fails can be saved as it is printed. */
  readonly inputs: fc.Arbitrary<Input>;
  /** Starts what the check needs, for many checks one after the other. */
  readonly start: () => Promise<Checker<Input>>;
}

interface Checker<Input> extends AsyncDisposable {
  /**
   * @returns whether the input got as far as to be compared; of most of them that should be so
   * @throws AssertionError where the property does not hold
   */
  check(input: Input): Promise<boolean>;
}

export interface Measure<Input> {
  readonly property: Property<Input>;
  /** How many inputs the tests make: all properties of a lane together are to take less than 20 s. */
  readonly runs: number;
  /** Share of the inputs that at least is understood and compared. */
  readonly leastShare: number;
}

/** With the type of the inputs left out, so that all of them can stand in one list. */
export function measure<Input>(each: Measure<Input>): Measure<unknown> {
  return each;
}

/** How long a check may take, in milliseconds: one that hangs fails too, and its input is printed. */
export const longestCheckMs = 15_000;
