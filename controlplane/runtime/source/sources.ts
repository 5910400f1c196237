import { join } from 'node:path';
import { ControlPlaneError } from '../../errors.ts';
import type { Bundles } from '../bundle/bundles.ts';
import type { RuntimeLimits } from '../limits.ts';
import type { RunEvent, RunSource } from '../types.ts';
import { openGitSources } from './git/git-sources.ts';
import { formatLocation, type GitLocation, type Location } from './location/location.ts';
import { parseLocation } from './location/parse.ts';
import { type Namespaces, serviceName } from './name.ts';
import { type Project, readProject } from '../project/project.ts';
import { namingPath, type Source } from './source.ts';

/** Where the sources of services come from. */
export interface Sources {
  /**
   * Brings a source here, as a bundle, and tells the name of its service.
   *
   * @param name what the service shall be called, instead of what the source says
   * @throws ControlPlaneError that says what is not there, or why it cannot be had
   */
  take(
    source: RunSource,
    name: string | undefined,
    onEvent: (event: RunEvent) => void,
    signal: AbortSignal,
  ): Promise<Source>;
  /** Removes the copies of repositories of which nobody needs the digest. */
  keepOnly(isNeeded: (digest: string) => boolean): Promise<void>;
}

export async function openSources(options: {
  readonly dataFolder: string;
  readonly bundles: Bundles;
  /** Where sources are that are named by a path alone; a git repository. */
  readonly servicesRepository: string;
  /** The whole environment of git. */
  readonly environment: Readonly<Record<string, string>>;
  readonly namespaces: Namespaces;
  readonly limits: RuntimeLimits;
}): Promise<Sources> {
  const { dataFolder, bundles, environment, namespaces, limits } = options;
  const services = parseLocation(options.servicesRepository);
  const git = await openGitSources({ root: join(dataFolder, 'sources'), environment, limits });

  const named = async (
    bundle: string,
    location: Exclude<Location, { type: 'services' }>,
    given: string | undefined,
  ): Promise<Omit<Source, 'gitVersion'>> => {
    const folder = bundles.find(bundle);
    const text = formatLocation(location);
    if (folder === undefined) {
      throw new ControlPlaneError('failed', `the bundle of ${text} is not on the server; run it again to send it`);
    }
    const { project, declared } = await described(folder).catch((error: unknown) => {
      throw calledBy(text, folder, error);
    });
    return {
      service: serviceName({ folder: namingPath(location), given, declared, namespaces }),
      location: text,
      bundle,
      project,
    };
  };

  return {
    keepOnly: (isNeeded) => git.keepOnly(isNeeded),
    async take(source, name, onEvent, signal) {
      if (source.type === 'uploaded') {
        const { bundle, folder, gitVersion } = source;
        const location = parseLocation(folder);
        if (location.type !== 'folder') {
          throw new ControlPlaneError(
            'invalid',
            `the source ${folder} was sent, but is not the absolute path of a folder`,
          );
        }
        onEvent({ type: 'step', step: 'source', detail: folder });
        return { ...(await named(bundle, location, name)), gitVersion };
      }
      const location = inRepository(parseLocation(source.location), services);
      const text = formatLocation(location);
      onEvent({ type: 'step', step: 'source', detail: text });
      return git.checkOut(location, signal, async ({ folder, version }) => {
        const bundle = await bundles.create(folder, signal).catch((error: unknown) => {
          throw calledBy(text, folder, error);
        });
        return { ...(await named(bundle, location, name)), gitVersion: { version } };
      });
    },
  };
}

async function described(
  folder: string,
): Promise<{ readonly project: Project; readonly declared: string | undefined }> {
  const project = await readProject(folder);
  return { project, declared: await project.declaredName() };
}

/** A path alone is one in the services repository. */
function inRepository(location: Location, services: Location): GitLocation {
  if (location.type === 'git') return location;
  if (location.type === 'services' && services.type === 'git') {
    const { folder, ref = services.ref } = location;
    return { ...services, ref, folder: [services.folder, folder].filter((path) => path !== '').join('/') };
  }
  throw new ControlPlaneError(
    'invalid',
    `the source ${formatLocation(location)} is a folder, and no folder of the server's own machine is run: name it to micro run where it is`,
  );
}

/** Names files by where the user knows them, not by where they are kept here. */
function calledBy(source: string, folder: string, error: unknown): unknown {
  if (!(error instanceof ControlPlaneError)) return error;
  return new ControlPlaneError(error.code, error.message.replaceAll(folder, source), { cause: error });
}
