import { ControlPlaneError } from '../../errors.ts';
import type { BuildProgress, Builds } from '../build/builds.ts';
import type { Bundles } from '../bundle/bundles.ts';
import type { Instance } from '../instance/instance.ts';
import type { Logs } from '../logs/logs.ts';
import { readProject } from '../project/project.ts';
import type { RunEvent } from '../types.ts';
import type { Release } from './deployments.ts';
import type { Fleet } from './fleet.ts';
import { shortDigest } from './release.ts';

/** Starts instances of a release that is built. */
type Launch = (count: number, options: { readonly weight: number; readonly proven: boolean }) => readonly Instance[];

interface LauncherOptions {
  readonly bundles: Bundles;
  readonly builds: Builds;
  /** What builds print is kept there. */
  readonly logs: Logs;
  readonly fleet: Fleet;
}

/** Builds releases, and starts instances of what was built. */
export class Launcher {
  readonly #parts: LauncherOptions;

  constructor(parts: LauncherOptions) {
    this.#parts = parts;
  }

  /**
   * Builds a release, unless that was done before.
   *
   * @returns what starts instances of it
   * @throws ControlPlaneError that says why nothing can be started
   */
  async prepare(
    service: string,
    release: Release,
    onEvent: (event: RunEvent) => void,
    signal: AbortSignal,
  ): Promise<Launch> {
    const folder = await this.#build(service, release, onEvent, signal);
    const project = await readProject(folder);
    const command = await project.startCommand();
    const { settings } = project;
    const { version, bundle, environment } = release;
    const specification = { service, version, bundle, environment, settings, command, folder };
    return (count, options) => this.#parts.fleet.start({ ...specification, ...options }, count);
  }

  /** The folder of the finished build. */
  async #build(
    service: string,
    { version, source, bundle: digest }: Release,
    onEvent: (event: RunEvent) => void,
    signal: AbortSignal,
  ): Promise<string> {
    const { bundles, builds, logs } = this.#parts;
    const step = (detail: string): void => onEvent({ type: 'step', step: 'build', detail });
    const folder = bundles.find(digest);
    if (folder === undefined) {
      throw new ControlPlaneError(
        'failed',
        `the bundle ${shortDigest(digest)} of ${service} is not in the data folder; make it again with \`micro run ${source}\``,
      );
    }
    const bundle = { digest, folder };
    const found = await builds.find(bundle);
    if (found !== undefined) {
      step('built before');
      return found;
    }
    const log = logs.open(service, 'build');
    const keep = (...lines: readonly string[]): void => void log.write('stdout', lines);
    keep(`version ${version}`);
    const progress: BuildProgress = {
      onStep: (commandLine) => {
        step(commandLine);
        keep(`> ${commandLine}`);
      },
      onOutput: (line) => {
        onEvent({ type: 'output', line });
        keep(line);
      },
    };
    try {
      return await builds.create(bundle, { ...progress, signal });
    } catch (error) {
      // What was printed last, which follows it, stands there already.
      keep((error as Error).message.split('\n', 1)[0] ?? '');
      throw error;
    } finally {
      await log.close();
    }
  }
}
