import { access, constants, realpath, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ControlPlaneError } from '../../errors.ts';
import { type Project, readProject } from '../project/project.ts';
import type { Location } from './location/location.ts';
import { type GitVersion, gitVersion } from './version.ts';

/** The source of a service, as a bundle. */
export interface Source {
  /** Full name. */
  readonly service: string;
  /** Where it is, as text; two runs of it are the same source. */
  readonly location: string;
  /** Digest. */
  readonly bundle: string;
  /** How it is run. */
  readonly project: Project;
  readonly gitVersion: GitVersion;
}

/** A folder with a service in it, on the machine of whoever runs it. */
export interface SourceFolder {
  /** With no symbolic links in its path. */
  readonly folder: string;
  readonly gitVersion: GitVersion;
}

/**
 * Looks at the folder of a service, so that one that holds none is told before it is sent anywhere.
 *
 * @param environment PATH and HOME for git
 * @throws ControlPlaneError `invalid` when the folder or its language will not do
 */
export async function readSourceFolder(
  path: string,
  environment: Readonly<Record<string, string>>,
): Promise<SourceFolder> {
  const folder = await openFolder(path);
  await (await readProject(folder)).declaredName();
  return { folder, gitVersion: await gitVersion(folder, environment) };
}

/** The path whose last parts name a service that does not name itself: the folder, after the repository where it is in one. */
export function namingPath(location: Exclude<Location, { type: 'services' }>): string {
  if (location.type === 'folder') return location.path;
  return join('/', basename(location.url.replace(/.*:/, '')).replace(/\.git$/, ''), location.folder);
}

async function openFolder(path: string): Promise<string> {
  try {
    const folder = await realpath(path);
    if (!(await stat(folder)).isDirectory()) {
      throw new ControlPlaneError('invalid', `the source ${path} is not a folder`);
    }
    await access(folder, constants.R_OK | constants.X_OK);
    return folder;
  } catch (error) {
    if (error instanceof ControlPlaneError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    const fault =
      code === 'EACCES' ? 'may not be read: it takes read and search permission' : `cannot be read: ${message}`;
    throw new ControlPlaneError('invalid', `the source ${path} ${fault}`, { cause: error });
  }
}
