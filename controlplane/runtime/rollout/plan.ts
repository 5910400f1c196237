import type { Instance } from '../instance/instance.ts';
import type { Group } from './groups.ts';
import { isSameRelease } from './release.ts';

type Running = Pick<Instance, 'specification' | 'status'>;

/** What leads from the instances that run to those that are wanted. */
export interface Plan<One extends Running> {
  readonly keep: readonly { readonly instance: One; readonly weight: number }[];
  readonly start: readonly { readonly group: Group; readonly count: number }[];
  readonly stop: readonly One[];
}

/**
 * Keeps of each group as many as are ready, those of the lowest numbers; starts what is missing and stops the rest. One
 * that is not ready is replaced: nobody knows whether it ever will be.
 */
export function planOf<One extends Running>(groups: readonly Group[], running: readonly One[]): Plan<One> {
  const staying = running
    .filter(({ status }) => status.state.status !== 'stopping')
    .toSorted((a, b) => a.specification.number - b.specification.number);
  const kept = groups.map((group) => ({
    group,
    instances: staying
      .filter((one) => one.status.state.status === 'ready' && isSameRelease(one.specification, group.release))
      .slice(0, group.instances),
  }));
  const keep = kept.flatMap(({ group: { weight }, instances }) => instances.map((instance) => ({ instance, weight })));
  const missing = kept.map(({ group, instances }) => ({ group, count: group.instances - instances.length }));
  return {
    keep,
    start: missing.filter(({ count }) => count > 0),
    stop: staying.filter((one) => !keep.some(({ instance }) => instance === one)),
  };
}
