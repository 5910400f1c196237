import type { Command } from '../process/group.ts';

/** How services of one language are recognised, built and started, where no micro.yaml or Procfile says otherwise. */
export interface Language {
  /** "Node.js". */
  readonly name: string;
  /** What tells it, for people: "package.json". */
  readonly marker: string;
  /** Prints on which version of its toolchain a build of it depends; left out where a finished build depends on none. */
  readonly toolchain?: Command;
  /** Folders of a build that hold programs, which commands find before those of the PATH. */
  readonly programs: readonly string[];
  /** Whether a folder that holds these files and folders is of it. */
  recognises(files: ReadonlySet<string>): boolean;
  /**
   * The name that the source gives itself, full or short; `undefined` when it gives none.
   *
   * @throws ControlPlaneError `invalid` when the file that tells it cannot be read
   */
  declaredName(folder: string): Promise<string | undefined>;
  /**
   * What is to be run in a copy of the source, one after the other, to build it.
   *
   * @throws ControlPlaneError `invalid` when the source does not say what to build
   */
  buildSteps(folder: string): Promise<readonly Command[]>;
  /**
   * What starts the service, run in the folder of the build.
   *
   * @throws ControlPlaneError `invalid` when the source does not say
   */
  startCommand(folder: string): Promise<Command>;
}
