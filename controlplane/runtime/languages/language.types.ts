import type { Command } from '../process/group.ts';

/** How services of one language are recognised, built and started. */
export interface Language {
  /** "Node.js". */
  readonly name: string;
  /** The file that tells it: "package.json". */
  readonly marker: string;
  /**
   * The name that the source gives itself, full or short; `undefined` when it gives none.
   *
   * @throws ControlPlaneError `invalid` when the marker cannot be read
   */
  declaredName(folder: string): Promise<string | undefined>;
  /** What is to be run in a copy of the source, one after the other, to build it. */
  buildSteps(folder: string): Promise<readonly Command[]>;
  /**
   * What starts the service, run in the folder of the build.
   *
   * @throws ControlPlaneError `invalid` when the source does not say
   */
  startCommand(folder: string): Promise<Command>;
}
