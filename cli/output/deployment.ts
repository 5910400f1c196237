import { type Deployment, InstanceState, type InstanceStatus } from '../../proto/gen/micro/runtime/v1/runtime.ts';
import { percent, size } from './amounts.ts';
import { age, isoTime } from './time.ts';

const stateNames: Readonly<Record<InstanceState, string>> = {
  [InstanceState.INSTANCE_STATE_UNSPECIFIED]: 'unknown',
  [InstanceState.INSTANCE_STATE_STARTING]: 'starting',
  [InstanceState.INSTANCE_STATE_READY]: 'ready',
  [InstanceState.INSTANCE_STATE_BACKING_OFF]: 'backing off',
  [InstanceState.INSTANCE_STATE_STOPPING]: 'stopping',
  [InstanceState.INSTANCE_STATE_CRASH_LOOPING]: 'crash-looping',
  [InstanceState.UNRECOGNIZED]: 'unknown',
};

/** The stable JSON form of a deployment. What is not known is null. */
export function deploymentJson({ instances, updatedUnixMs, canary, ...rest }: Deployment, url: string) {
  return {
    ...rest,
    url,
    updated: isoTime(updatedUnixMs),
    canary: canary ?? null,
    instances: instances.map(({ state, startedUnixMs, lastEnd, cpuCores, memoryBytes, ...instance }) => ({
      ...instance,
      state: stateNames[state],
      started: isoTime(startedUnixMs),
      cpuCores: cpuCores ?? null,
      memoryBytes: memoryBytes === undefined ? null : Number(memoryBytes),
      lastEnd: lastEnd ? { reason: lastEnd.reason, time: isoTime(lastEnd.timeUnixMs), lines: lastEnd.lines } : null,
    })),
  };
}

/** The lines of deployments in the table of all: one for each, and one for the version that is on trial beside it. */
export function deploymentRows(
  deployments: readonly Deployment[],
  urlOf: (deployment: Deployment) => string,
): readonly Readonly<Record<string, string>>[] {
  const isAnyOnTrial = deployments.some(({ canary }) => canary !== undefined);
  return deployments.flatMap((deployment) => {
    const { canary, instances, ...rest } = deployment;
    const isOnTrial = ({ version }: InstanceStatus): boolean => version === canary?.version;
    const versions = [
      { ...rest, percent: 100 - (canary?.percent ?? 0), instances: instances.filter((one) => !isOnTrial(one)) },
    ];
    if (canary !== undefined) versions.push({ ...rest, ...canary, instances: instances.filter(isOnTrial) });
    return versions.map((version) => versionRow(version, urlOf(deployment), isAnyOnTrial));
  });
}

function versionRow(
  deployment: Omit<Deployment, 'canary'> & { readonly percent: number },
  url: string,
  withWeight: boolean,
): Readonly<Record<string, string>> {
  const { service, version, source, instances, instancesWanted, updatedUnixMs, percent } = deployment;
  const ready = instances.filter(({ state }) => state === InstanceState.INSTANCE_STATE_READY).length;
  return {
    name: service,
    version,
    ...(withWeight && { weight: `${percent}%` }),
    source,
    instances: `${ready}/${instancesWanted}`,
    status: describeStates(deployment),
    restarts: String(instances.reduce((sum, { restarts }) => sum + restarts, 0)),
    ...usageCells(instances),
    updated: `${age(updatedUnixMs)} ago`,
    url,
  };
}

/** "ready", or what the instances are that are not, and why. */
function describeStates({ instances, trouble }: Pick<Deployment, 'instances' | 'trouble'>): string {
  if (instances.length === 0) return trouble.split('\n')[0] || 'starting';
  const states = instances.map(({ state, reason }) => {
    return reason === '' ? stateNames[state] : `${stateNames[state]}: ${reason}`;
  });
  return [...new Set(states.filter((state) => state !== 'ready'))].join(', ') || 'ready';
}

/** The line of an instance in the table of those of one service. */
export function instanceRow(instance: InstanceStatus): Readonly<Record<string, string>> {
  const { id, version, state, reason, address, pid, restarts, startedUnixMs } = instance;
  return {
    instance: id,
    version,
    status: reason === '' ? stateNames[state] : `${stateNames[state]}: ${reason}`,
    restarts: String(restarts),
    ...usageCells([instance]),
    started: startedUnixMs === 0n ? '' : `${age(startedUnixMs)} ago`,
    address,
    pid: pid === 0 ? '' : String(pid),
  };
}

/** How an instance last ended by itself, and what it printed then; `undefined` when it never did. */
export function describeLastEnd({ id, lastEnd }: InstanceStatus): string | undefined {
  if (lastEnd === undefined) return undefined;
  const { reason, timeUnixMs, lines } = lastEnd;
  const heading = `${id} ${reason} ${age(timeUnixMs)} ago`;
  if (lines.length === 0) return `${heading}; it printed nothing`;
  return [`${heading}; it printed last:`, ...lines.map((line) => `  ${line}`)].join('\n');
}

/** What instances take together; nothing where that is not known of any. */
function usageCells(instances: readonly InstanceStatus[]): { readonly cpu: string; readonly memory: string } {
  const known = instances.filter(({ memoryBytes }) => memoryBytes !== undefined);
  if (known.length === 0) return { cpu: '', memory: '' };
  return {
    cpu: percent(known.reduce((sum, { cpuCores = 0 }) => sum + cpuCores, 0)),
    memory: size(known.reduce((sum, { memoryBytes = 0n }) => sum + Number(memoryBytes), 0)),
  };
}
