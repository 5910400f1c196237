import { ControlPlaneError } from '../../errors.ts';
import type { Builds } from '../build/builds.ts';
import type { Bundles } from '../bundle/bundles.ts';
import type { Instance } from '../instance/instance.ts';
import { readProject } from '../project/project.ts';
import type { RunEvent } from '../types.ts';
import type { Release } from './deployments.ts';
import type { Fleet } from './fleet.ts';
import { shortDigest } from './release.ts';

/** Starts instances of a release that is built. */
type Launch = (count: number, options: { readonly weight: number; readonly proven: boolean }) => readonly Instance[];

/** Builds releases, and starts instances of what was built. */
export class Launcher {
  readonly #parts: { readonly bundles: Bundles; readonly builds: Builds; readonly fleet: Fleet };

  constructor(parts: { readonly bundles: Bundles; readonly builds: Builds; readonly fleet: Fleet }) {
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
    { source, bundle: digest }: Release,
    onEvent: (event: RunEvent) => void,
    signal: AbortSignal,
  ): Promise<string> {
    const { bundles, builds } = this.#parts;
    const step = (detail: string): void => onEvent({ type: 'step', step: 'build', detail });
    const found = builds.find(digest);
    if (found !== undefined) {
      step('built before');
      return found;
    }
    const bundle = bundles.find(digest);
    if (bundle === undefined) {
      throw new ControlPlaneError(
        'failed',
        `the bundle ${shortDigest(digest)} of ${service} is not in the data folder; make it again with \`micro run ${source}\``,
      );
    }
    return builds.create({
      digest,
      bundle,
      onStep: step,
      onOutput: (line) => onEvent({ type: 'output', line }),
      signal,
    });
  }
}
