import { readdir } from 'node:fs/promises';
import { ControlPlaneError } from '../../../errors.ts';
import type { Command } from '../../process/group.ts';
import { npm } from './npm.ts';
import type { PackageJson } from './package-json.ts';
import { pnpm } from './pnpm.ts';
import { yarn } from './yarn.ts';

/** What installs the packages of a project and runs its scripts. */
export interface PackageManager {
  /** Installs what the lock file says, or what package.json asks for where there is none. */
  readonly install: Command;
  readonly runScript: (name: string) => Command;
}

/** A project, as far as it tells which package manager is to be used, and how. */
export interface PackageManagerChoice {
  readonly folder: string;
  /** Whether there is a lock file, whose versions are to be kept to. */
  readonly locked: boolean;
  /** The version that "packageManager" in package.json asks for: "9.15.4+sha512.…"; `undefined` when it does not. */
  readonly pinned: string | undefined;
}

const managers: Readonly<Record<string, (choice: PackageManagerChoice) => Promise<PackageManager>>> = {
  npm: async ({ locked }) => npmOf(locked),
  pnpm: async (choice) => pnpm(choice),
  yarn,
};

/** Which manager a lock file is of. */
const lockFiles: Readonly<Record<string, string>> = {
  'package-lock.json': 'npm',
  'npm-shrinkwrap.json': 'npm',
  'pnpm-lock.yaml': 'pnpm',
  'yarn.lock': 'yarn',
  'bun.lock': 'Bun',
  'bun.lockb': 'Bun',
};

/**
 * Finds the package manager of a project: the one that "packageManager" in package.json names, else the one that its lock
 * file is of, else npm.
 *
 * @throws ControlPlaneError `invalid` when that is none of npm, pnpm and Yarn, or several
 */
export async function findPackageManager(
  folder: string,
  { packageManager }: PackageJson,
): Promise<PackageManager & { readonly locked: boolean }> {
  const found = (await readdir(folder)).filter((name) => lockFiles[name] !== undefined).toSorted();
  const [, pinnedName, pinned] = /^([a-z]+)@(.+)$/.exec(packageManager ?? '') ?? [];
  const named = new Set(found.map((name) => lockFiles[name] as string));
  // Whoever tries Bun keeps the lock file of what they use besides.
  if (named.size > 1) named.delete('Bun');
  const [name = 'npm', ...others] = pinnedName === undefined ? named : [pinnedName];
  if (others.length > 0) {
    throw new ControlPlaneError(
      'invalid',
      `${folder} has lock files of several package managers (${found.join(', ')}): remove all but one, or say which to use ` +
        'with "packageManager" in package.json',
    );
  }
  const manager = managers[name];
  if (manager === undefined) {
    const teller =
      pinnedName === undefined ? found.join(' and ') : `"packageManager" in its package.json (${packageManager})`;
    throw new ControlPlaneError(
      'invalid',
      `${folder} is to be installed with ${name}, by ${teller}, and npm, pnpm and Yarn are known: make a lock file of one ` +
        'of them, for instance with `npm install --package-lock-only`, or say in a micro.yaml how to build and start it',
    );
  }
  const locked = found.some((file) => lockFiles[file] === name);
  return { ...(await manager({ folder, locked, pinned })), locked };
}

function npmOf(locked: boolean): PackageManager {
  return { install: npm(locked ? 'ci' : 'install'), runScript: (name) => npm('run', name) };
}
