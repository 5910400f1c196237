import { isDeepStrictEqual } from 'node:util';
import type { Deployment, Release } from './deployments.ts';

/** The version that a deployment names, without what is said of the service as a whole. */
export function releaseOf({ version, source, bundle, environment }: Deployment): Release {
  return { version, source, bundle, environment };
}

function isSameRelease(one: Release, other: Release): boolean {
  return (
    one.version === other.version &&
    one.source === other.source &&
    one.bundle === other.bundle &&
    isDeepStrictEqual(one.environment, other.environment)
  );
}

/**
 * What can be rolled back to once `release` runs: each release once, newest first.
 *
 * @param versions how many are kept, the one that runs included
 */
export function historyAfter(previous: Deployment | undefined, release: Release, versions: number): Release[] {
  if (previous === undefined) return [];
  const before = [releaseOf(previous), ...previous.history];
  return before.filter((kept) => !isSameRelease(kept, release)).slice(0, versions - 1);
}
