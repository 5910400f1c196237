import type { Logger } from 'pino';
import type { Builds } from '../build/builds.ts';
import type { Bundles } from '../bundle/bundles.ts';
import { parseLocation } from '../source/location/parse.ts';
import { repositoryDigest } from '../source/git/git-sources.ts';
import type { Sources } from '../source/sources.ts';
import type { Claims } from './claims.ts';
import type { Deployments, Release } from './deployments.ts';
import type { Fleet } from './fleet.ts';

export interface SweeperOptions {
  readonly bundles: Bundles;
  readonly builds: Builds;
  readonly sources: Sources;
  readonly deployments: Deployments;
  readonly fleet: Fleet;
  readonly claims: Claims;
  /** Resolves when what a killed server left running is gone; nothing is removed from under it. */
  readonly restored: Promise<unknown>;
  /** Ends a sweep early: the next server makes another. */
  readonly stopping: AbortSignal;
  readonly log: Logger;
}

/**
 * Removes the bundles, builds and copies of repositories that no deployment names, no version that can be rolled back to,
 * no instance that runs, and no work in progress.
 */
export class Sweeper {
  readonly #parts: SweeperOptions;
  #last: Promise<void> = Promise.resolve();
  #waiting = false;

  constructor(parts: SweeperOptions) {
    this.#parts = parts;
  }

  /** Asks for a sweep, which is made in the background; whoever asks before one has begun shares it. */
  sweep(): void {
    if (this.#waiting) return;
    this.#waiting = true;
    const { restored, claims, log } = this.#parts;
    this.#last = this.#last
      .then(() => restored)
      .then(() => {
        this.#waiting = false;
        return claims.whileSweeping((isClaimed) => this.#sweep(isClaimed));
      })
      .catch((error: unknown) => {
        log.warn(
          { err: error },
          'old bundles and builds could not be removed; it is tried again after the next rollout',
        );
      });
  }

  /** Resolves when no sweep is being made. */
  async idle(): Promise<void> {
    await this.#last;
  }

  async #sweep(isClaimed: (digest: string) => boolean): Promise<void> {
    const { bundles, builds, sources, deployments, fleet, stopping } = this.#parts;
    if (stopping.aborted) return;
    const services = await deployments.services();
    const stored = await deployments.list();
    // What a malformed one needs is not known.
    if (services.some((service) => !stored.some(({ deployment }) => deployment.service === service))) return;
    const named = new Set(
      stored.flatMap(({ deployment }) => {
        const { canary, history } = deployment;
        return [deployment, ...history, ...(canary === undefined ? [] : [canary.release])].flatMap(needsOf);
      }),
    );
    const isNeeded = (digest: string): boolean =>
      stopping.aborted || named.has(digest) || isClaimed(digest) || fleet.runs(digest);
    await bundles.keepOnly(isNeeded);
    await builds.keepOnly(isNeeded);
    await sources.keepOnly(isNeeded);
  }
}

/** What has to be kept of a release: its bundle with its build, and the copy of the repository that it came from. */
export function needsOf({ bundle, source }: Pick<Release, 'bundle' | 'source'>): readonly string[] {
  const location = parseLocation(source);
  return location.type === 'git' ? [bundle, repositoryDigest(location.url)] : [bundle];
}
