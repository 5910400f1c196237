import { readdir } from 'node:fs/promises';
import { ControlPlaneError } from '../../errors.ts';
import type { InstanceSettings } from '../instance/settings.ts';
import type { Language } from '../languages/language.types.ts';
import { languages } from '../languages/languages.ts';
import type { Command } from '../process/group.ts';
import { type Manifest, manifestFile, readManifest } from './manifest.ts';
import { procfile, readProcfile } from './procfile.ts';

/** How the service in a folder is called, built and started: as its micro.yaml says, else its Procfile, else its language. */
export interface Project {
  /** "Go", or the file that tells how it is started: "Procfile". */
  readonly kind: string;
  readonly settings: ProjectSettings;
  /** Prints on which version of its toolchain a build depends; `undefined` when a finished build depends on none. */
  readonly toolchain: Command | undefined;
  /**
   * The name that it gives itself, full or short; `undefined` when it gives none.
   *
   * @throws ControlPlaneError `invalid` when the file that tells it cannot be read
   */
  declaredName(): Promise<string | undefined>;
  /** What is to be run in a copy of the source, one after the other, to build it. */
  buildSteps(): Promise<readonly Command[]>;
  /**
   * What starts the service, run in the folder of the build.
   *
   * @throws ControlPlaneError `invalid` when nothing says
   */
  startCommand(): Promise<Command>;
}

/** What a micro.yaml says about instances. */
interface ProjectSettings extends InstanceSettings {
  /** How many run when nobody says. */
  readonly instances?: number | undefined;
}

/**
 * Looks at the service in a folder: the source, or a build of it.
 *
 * @throws ControlPlaneError `invalid` when there is none that is known how to run, or a file that describes it is malformed
 */
export async function readProject(folder: string): Promise<Project> {
  const manifest = await readManifest(folder);
  const line = await readProcfile(folder);
  const command = manifest?.command ?? line;
  const files = new Set(await readdir(folder));
  const language = languages.find((known) => known.recognises(files));
  const { env = {}, limits = {}, protocol, health, instances } = manifest ?? {};
  const settings = { env, limits, protocol, health, instances };
  const kind = language?.name ?? (manifest?.command === undefined ? procfile : manifestFile);
  const path = language?.programs ?? [];

  if (language === undefined && command === undefined) throw unknown(folder, manifest);
  return {
    kind,
    settings,
    toolchain: language?.toolchain,
    declaredName: async () => manifest?.name ?? (await language?.declaredName(folder)),
    buildSteps: async () =>
      manifest?.build?.map((line) => shell(line, path)) ?? (await language?.buildSteps(folder)) ?? [],
    async startCommand() {
      if (command !== undefined) return typeof command === 'string' ? shell(command, path) : program(command, path);
      return (language as Language).startCommand(folder);
    },
  };
}

/** A line that the user's own file gives to the shell. */
function shell(line: string, path: readonly string[]): Command {
  return { file: '/bin/sh', arguments: ['-c', line], path, title: line, install: 'install a POSIX shell' };
}

function program([file = '', ...words]: readonly string[], path: readonly string[]): Command {
  const install = `install ${file}, or name another command in ${manifestFile}`;
  return { file, arguments: words, path, install };
}

function unknown(folder: string, manifest: Manifest | undefined): ControlPlaneError {
  const markers = languages.map(({ name, marker }) => `${marker} (${name})`).join(', ');
  const ways = manifest === undefined ? `${manifestFile}, ${procfile}, ` : '';
  const missing = manifest === undefined ? '' : `; its ${manifestFile} has no "command"`;
  return new ControlPlaneError(
    'invalid',
    `${folder} holds no service that is known how to run: looked for ${ways}${markers}${missing}`,
  );
}
