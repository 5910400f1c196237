import type { Deployment, Release } from './deployments.ts';
import { releaseOf } from './release.ts';

/** Instances of one release that should run, each with this weight. */
export interface Group {
  readonly release: Release;
  readonly instances: number;
  readonly weight: number;
}

/** The instances that a deployment asks for: those of the canary have its percent of all weights together. */
export function groupsOf(deployment: Deployment): readonly Group[] {
  const { instances, canary } = deployment;
  const release = releaseOf(deployment);
  if (canary === undefined) return [{ release, instances, weight: 1 }];
  const weight = (100 - canary.percent) * canary.instances;
  const canaryWeight = canary.percent * instances;
  const divisor = greatestCommonDivisor(weight, canaryWeight);
  return [
    { release, instances, weight: weight / divisor },
    { release: canary.release, instances: canary.instances, weight: canaryWeight / divisor },
  ];
}

function greatestCommonDivisor(one: number, other: number): number {
  return other === 0 ? one : greatestCommonDivisor(other, one % other);
}
