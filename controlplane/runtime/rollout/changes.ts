import { ControlPlaneError } from '../../errors.ts';
import type { Deployment, Release } from './deployments.ts';
import { historyAfter, isSameRelease, releaseOf } from './release.ts';

/** What changes of a deployment have in common. */
interface Change {
  /** Milliseconds since 1970. */
  readonly unixMs: number;
  /** How many versions are kept, the one that runs included. */
  readonly versions: number;
}

/** A release in the place of all that ran before. */
export function withRelease(
  previous: Deployment | undefined,
  wanted: { readonly service: string; readonly release: Release; readonly instances: number },
  { unixMs, versions }: Change,
): Deployment {
  const { service, release, instances } = wanted;
  const history = historyAfter(previous, release, versions);
  return { ...release, service, instances, updatedUnixMs: unixMs, history };
}

/**
 * A release on trial beside the one that runs, in the place of any other that is.
 *
 * @param percent its share of the calls; of the instances it has the same, rounded up, besides those that run
 * @throws ControlPlaneError `invalid` when it could not be told from the one that runs
 */
export function withTrial(
  previous: Deployment,
  { release, percent }: { readonly release: Release; readonly percent: number },
  { unixMs }: Change,
): Deployment {
  const { service, version, instances } = previous;
  if (isSameRelease(release, releaseOf(previous))) {
    throw new ControlPlaneError('invalid', `version ${version} of ${service} runs already, and gets all calls`);
  }
  if (release.version === version) {
    throw new ControlPlaneError(
      'invalid',
      `what runs of ${service} is called ${version} too, and the two could not be told apart; commit what changed, so that ` +
        'it gets a version of its own',
    );
  }
  const canary = { release, percent, instances: Math.ceil((instances * percent) / 100) };
  return { ...previous, updatedUnixMs: unixMs, canary };
}

/**
 * The release on trial in the place of the one beside which it ran.
 *
 * @throws ControlPlaneError `failed` when none is on trial
 */
export function promoted(previous: Deployment, change: Change): Deployment {
  const { service, instances, canary } = previous;
  if (canary === undefined) {
    throw new ControlPlaneError(
      'failed',
      `no version of ${service} is on trial; begin one with \`micro run --weight 10 <source>\``,
    );
  }
  return withRelease(previous, { service, release: canary.release, instances }, change);
}

/**
 * The end of a trial; where none is on, or a version is given, that one again or the one that ran before.
 *
 * @throws ControlPlaneError `not-found` when nothing of it is kept
 */
export function rolledBack(previous: Deployment, version: string | undefined, change: Change): Deployment {
  const { service, instances } = previous;
  const kept = previous.canary === undefined ? previous.history : [releaseOf(previous), ...previous.history];
  const known = version === previous.version ? releaseOf(previous) : undefined;
  const release = version === undefined ? kept[0] : (known ?? kept.find((one) => one.version === version));
  if (release !== undefined) return withRelease(previous, { service, release, instances }, change);
  const names = previous.history.map((one) => one.version).join(', ');
  throw new ControlPlaneError(
    'not-found',
    names === ''
      ? `no version of ${service} from before ${previous.version} is kept; run an older one with \`micro run <source>@<ref>\``
      : `version ${version} of ${service} is not kept; these are: ${names}`,
  );
}
