import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import * as z from 'zod';
import { ControlPlaneError } from '../../../errors.ts';
import type { Command } from '../../process/group.ts';
import { readSourceFile } from '../../project/source-file.ts';
import { readYaml } from '../../project/yaml.ts';
import { throughCorepack } from './corepack.ts';
import { installNode } from './npm.ts';
import type { PackageManager, PackageManagerChoice } from './package-manager.ts';

/** What the runtime reads of a .yarnrc.yml: https://yarnpkg.com/configuration/yarnrc */
const schema = z.looseObject({ yarnPath: z.string().optional() });

/**
 * Yarn 1 ("classic"), and Yarn 2 and later ("Berry"), which are told apart by the version that is pinned, else by the lock
 * file. Berry is brought along by the project, in a file that `yarnPath` names, or pinned.
 *
 * @throws ControlPlaneError `invalid` when it is Berry, and nothing says in which version
 */
export async function yarn({ folder, locked, pinned }: PackageManagerChoice): Promise<PackageManager> {
  const { yarnPath } = readYaml(`${folder}/.yarnrc.yml`, (await readSourceFile(folder, '.yarnrc.yml')) ?? '', schema);
  const isBerry =
    yarnPath !== undefined ||
    (pinned === undefined ? locked && (await isBerryLock(join(folder, 'yarn.lock'))) : !/^[01]\./.test(pinned));
  if (isBerry && yarnPath === undefined && pinned === undefined) {
    throw new ControlPlaneError(
      'invalid',
      `the yarn.lock of ${folder} is of Yarn 2 or later, and nothing says of which: run \`yarn set version stable\` in the ` +
        'project, which says it in package.json or .yarnrc.yml',
    );
  }

  const call = (...words: readonly string[]): Command => {
    if (yarnPath === undefined) return throughCorepack('yarn', words, { pinned: pinned !== undefined, environment });
    const title = ['yarn', ...words].join(' ');
    return { file: 'node', arguments: [yarnPath, ...words], title, environment, install: installNode };
  };
  const lockedFlag = isBerry ? '--immutable' : '--frozen-lockfile';
  return {
    install: call('install', ...(locked ? [lockedFlag] : [])),
    runScript: (name) => call('run', name),
  };
}

/** Berry's are YAML, and say their own version before all else. */
async function isBerryLock(path: string): Promise<boolean> {
  return /^__metadata:/m.test(await text(createReadStream(path, { end: 4095 })));
}

const environment = {
  // A build with Plug'n'Play reads its packages where Yarn has put them for as long as it is there: within the build.
  YARN_ENABLE_GLOBAL_CACHE: 'false',
  YARN_ENABLE_TELEMETRY: 'false',
};
