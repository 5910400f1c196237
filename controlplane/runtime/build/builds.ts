import { constants } from 'node:fs';
import { chmod, copyFile, mkdir, readdir, readlink, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { describeDiskError } from '../content-folders.ts';
import { markVariable } from '../instance/mark.ts';
import type { RuntimeLimits } from '../limits.ts';
import type { Command } from '../process/group.ts';
import { readProject } from '../project/project.ts';
import { openBuildFolders } from './build-folders.ts';
import { cacheEnvironment } from './caches.ts';
import { inTurn } from './in-turn.ts';
import { buildVariable, endLeftovers } from './leftovers.ts';
import { runSteps } from './steps.ts';
import { Toolchains } from './toolchains.ts';

/** The builds of this node, by the bundle that each was made from, and the toolchain it was made with. */
export interface Builds {
  /**
   * The folder of a finished build, made with the toolchain that is there now; `undefined` when there is none.
   *
   * @throws ControlPlaneError `invalid` when the bundle holds nothing that is known how to run
   */
  find(bundle: BuiltBundle): Promise<string | undefined>;
  /**
   * Builds a bundle.
   *
   * @returns the folder of the build
   * @throws ControlPlaneError `failed`, with the last lines that were printed, when a step fails
   */
  create(bundle: BuiltBundle, options: BuildProgress & { readonly signal: AbortSignal }): Promise<string>;
  /** Removes those of which nobody needs the digest of the bundle. */
  keepOnly(isNeeded: (digest: string) => boolean): Promise<void>;
}

interface BuiltBundle {
  /** "sha256:…". */
  readonly digest: string;
  readonly folder: string;
}

export interface BuildProgress {
  /** Takes each command line before it runs. */
  readonly onStep: (commandLine: string) => void;
  /** Takes each line that is printed. */
  readonly onOutput: (line: string) => void;
}

/**
 * Opens the builds that are kept under `root`.
 *
 * @param options.caches folder for what builds may use again of each other's downloads and results
 * @param options.environment what the environment of all that runs in a build begins with
 * @param options.mark what marks the processes of this runtime
 */
export async function openBuilds(options: {
  readonly root: string;
  readonly caches: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly mark: string;
  readonly limits: RuntimeLimits;
}): Promise<Builds> {
  const { limits, mark } = options;
  const folders = await openBuildFolders(options.root);
  const toolchains = new Toolchains(options.environment);
  const atOnce = pLimit(limits.buildsAtOnce);

  const nameOf = async ({ digest, folder }: BuiltBundle): Promise<string> => {
    const hash = digest.replace(/^sha256:/, '');
    const { toolchain } = await readProject(folder);
    return toolchain === undefined ? hash : `${hash}-${await toolchains.identify(toolchain)}`;
  };
  return {
    find: async (bundle) => folders.find(await nameOf(bundle)),
    keepOnly: (isNeeded) => folders.keepOnly(isNeeded),
    async create(bundle, { onStep, onOutput, signal }) {
      const name = await nameOf(bundle);
      return folders.make(name, async (folder, temporary) => {
        const environment = {
          ...options.environment,
          ...cacheEnvironment(options.caches),
          // Compilers that are cut off leave there what they were at.
          TMPDIR: temporary,
          [markVariable]: mark,
          [buildVariable]: name,
        };
        await copyWritable(bundle.folder, folder).catch((error: unknown) => {
          throw describeDiskError(`the bundle ${bundle.folder} cannot be copied`, error);
        });
        const steps = await (await readProject(folder)).buildSteps();
        const rest = { folder, environment, limits, onOutput, signal };
        await inTurn(atOnce, signal, async () => {
          try {
            await runSteps({ ...rest, steps, onStep });
          } finally {
            await endLeftovers({ mark, build: name });
          }
        });
        await runSteps({ ...rest, steps: [writeToDisk], onStep: () => undefined });
      });
    },
  };
}

/**
 * A power cut must not leave a build that looks finished and has empty files. Packages are too many files to sync one by
 * one, so all that the file system has in memory is written: `sync --file-system` of coreutils.
 */
const writeToDisk: Command = { file: 'sync', arguments: ['-f', '.'], install: 'install coreutils' };

/** Copies a bundle so that its owner may write in the copy, sharing the disk blocks where the file system can. */
async function copyWritable(from: string, to: string): Promise<void> {
  for (const child of await readdir(from, { withFileTypes: true })) {
    const source = join(from, child.name);
    const target = join(to, child.name);
    if (child.isDirectory()) {
      await mkdir(target);
      await copyWritable(source, target);
    } else if (child.isSymbolicLink()) {
      await symlink(await readlink(source), target);
    } else {
      await copyFile(source, target, constants.COPYFILE_FICLONE);
      await chmod(target, (await stat(source)).mode | 0o200);
    }
  }
}
