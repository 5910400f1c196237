import { ControlPlaneError } from '../../errors.ts';
import { sameSource } from '../source/location/location.ts';
import { parseLocation } from '../source/location/parse.ts';
import type { Source } from '../source/source.ts';
import type { RunRequest } from '../types.ts';
import type { Deployment } from './deployments.ts';

/** @throws ControlPlaneError `conflict` when the service came from somewhere else */
export function assertSameSource(previous: Deployment | undefined, { service, location }: Source): void {
  if (previous === undefined || sameSource(parseLocation(previous.source), parseLocation(location))) return;
  throw new ControlPlaneError(
    'conflict',
    `two sources are called ${service}: ${previous.source}, which runs, and ${location}; give the second another name with ` +
      `--name, or end the first with \`micro kill ${service}\``,
  );
}

/** @throws ControlPlaneError `conflict` when a version of the service is on trial */
export function assertNoTrial({ service, canary }: Deployment): void {
  if (canary === undefined) return;
  throw new ControlPlaneError(
    'conflict',
    `version ${canary.release.version} of ${service} is on trial; end that with \`micro promote ${service}\` or ` +
      `\`micro rollback ${service}\` first`,
  );
}

/** @throws ControlPlaneError `invalid` when the share that a trial asks for will not do */
export function checkPercent({ percent, instances }: Pick<RunRequest, 'percent' | 'instances'>): void {
  if (percent === undefined) return;
  if (!Number.isInteger(percent) || percent < 1 || percent > 99) {
    throw new ControlPlaneError('invalid', `a version on trial gets 1 to 99 percent of the calls, not ${percent}`);
  }
  if (instances !== undefined) {
    throw new ControlPlaneError(
      'invalid',
      'how many instances a version on trial has follows from its share of the calls: leave --instances out',
    );
  }
}
