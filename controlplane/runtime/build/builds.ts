import { chmod, copyFile, mkdir, readdir, readlink, stat, symlink } from 'node:fs/promises';
import { constants } from 'node:fs';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { describeDiskError } from '../content-folders.ts';
import type { RuntimeLimits } from '../limits.ts';
import type { Command } from '../process/group.ts';
import { readProject } from '../project/project.ts';
import { openBuildFolders } from './build-folders.ts';
import { cacheEnvironment } from './caches.ts';
import { runSteps } from './steps.ts';

/** The builds of this node, by the digest of the bundle that each was made from. */
export interface Builds {
  /** The folder of a finished build; `undefined` when there is none. */
  find(digest: string): string | undefined;
  /**
   * Builds a bundle.
   *
   * @returns the folder of the build
   * @throws ControlPlaneError `failed`, with the last lines that were printed, when a step fails
   */
  create(options: BuildOptions): Promise<string>;
  /** Removes those of which nobody needs the digest of the bundle. */
  keepOnly(isNeeded: (digest: string) => boolean): Promise<void>;
}

interface BuildOptions {
  readonly digest: string;
  /** The folder of the bundle. */
  readonly bundle: string;
  /** Takes each command line before it runs. */
  readonly onStep: (commandLine: string) => void;
  /** Takes each line that is printed. */
  readonly onOutput: (line: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Opens the builds that are kept under `root`.
 *
 * @param options.caches folder for what builds may use again of each other's downloads and results
 * @param options.environment what the environment of all that runs in a build begins with
 */
export async function openBuilds(options: {
  readonly root: string;
  readonly caches: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly limits: RuntimeLimits;
}): Promise<Builds> {
  const folders = await openBuildFolders(options.root);
  const environment = { ...options.environment, ...cacheEnvironment(options.caches) };
  const { limits } = options;
  const atOnce = pLimit(limits.buildsAtOnce);
  return {
    find: (digest) => folders.find(digest),
    keepOnly: (isNeeded) => folders.keepOnly(isNeeded),
    async create({ digest, bundle, onStep, onOutput, signal }) {
      return folders.make(digest, async (folder) => {
        await copyWritable(bundle, folder).catch((error: unknown) => {
          throw describeDiskError(`the bundle ${bundle} cannot be copied`, error);
        });
        const project = await readProject(folder);
        const steps = await project.buildSteps();
        const rest = { folder, environment, limits, onOutput, signal };
        await atOnce(() => runSteps({ ...rest, steps, onStep }));
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
