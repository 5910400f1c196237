import { access, constants, realpath, stat } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { ControlPlaneError } from '../../errors.ts';
import { type Project, readProject } from '../project/project.ts';
import { type Namespaces, serviceName } from './name.ts';
import { type GitVersion, gitVersion } from './version.ts';

/** A service's source, looked at but not yet copied. */
export interface Source {
  /** The folder, with no symbolic links in its path; two runs of it are the same source. */
  readonly folder: string;
  readonly project: Project;
  /** Full name. */
  readonly service: string;
  readonly gitVersion: GitVersion;
}

/**
 * Looks at the folder of a service: how it is run, its name, its version.
 *
 * @throws ControlPlaneError `invalid` when the folder, what describes the service in it, or its name will not do
 */
export async function readSource(options: {
  readonly path: string;
  readonly name: string | undefined;
  readonly namespaces: Namespaces;
  readonly environment: Readonly<Record<string, string>>;
}): Promise<Source> {
  const folder = await openFolder(options.path);
  const project = await readProject(folder);
  const declared = await project.declaredName();
  const service = serviceName({ folder, given: options.name, declared, namespaces: options.namespaces });
  return { folder, project, service, gitVersion: await gitVersion(folder, options.environment) };
}

async function openFolder(path: string): Promise<string> {
  if (!isAbsolute(path) || path.includes('\0')) {
    throw new ControlPlaneError('invalid', `the source ${JSON.stringify(path)} is not the absolute path of a folder`);
  }
  try {
    const folder = await realpath(path);
    if (!(await stat(folder)).isDirectory()) {
      throw new ControlPlaneError('invalid', `the source ${path} is not a folder`);
    }
    await access(folder, constants.R_OK | constants.X_OK);
    return folder;
  } catch (error) {
    if (error instanceof ControlPlaneError) throw error;
    throw new ControlPlaneError('invalid', `the source ${path} ${fault(error as NodeJS.ErrnoException)}`, {
      cause: error,
    });
  }
}

function fault(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return 'does not exist on the machine of the server';
  if (error.code === 'EACCES') return 'may not be read by the server: give its user read and search permission';
  return `cannot be read: ${error.message}`;
}
