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
