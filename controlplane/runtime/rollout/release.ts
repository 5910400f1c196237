import { isDeepStrictEqual } from 'node:util';
import type { Source } from '../source/source.ts';
import { type Deployment, type Release, releaseSchema } from './deployments.ts';

/** What tells one release from another. Where its source was does not: a branch and a tag may lead to the same. */
const identitySchema = releaseSchema.omit({ source: true });
type Identity = Omit<Release, 'source'>;

/** The version that a deployment names, without what is said of the service as a whole. */
export function releaseOf(deployment: Deployment): Release {
  return releaseSchema.parse(deployment);
}

/** The version that a source is of, to be run in an environment. */
export function releaseFrom(source: Source, environment: Readonly<Record<string, string>>): Release {
  const { bundle, location, gitVersion } = source;
  const version = 'version' in gitVersion ? gitVersion.version : shortDigest(bundle);
  return { version, source: location, bundle, environment };
}

/** Whether the same runs, of the same version and in the same environment. */
export function isSameRelease(one: Identity, other: Identity): boolean {
  return isDeepStrictEqual(identitySchema.parse(one), identitySchema.parse(other));
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

/** The beginning of a digest, for people. */
export function shortDigest(digest: string): string {
  return digest.slice('sha256:'.length).slice(0, 12);
}
