import { isoTime } from './time.ts';
import { type Deployment, InstanceState } from '../../proto/gen/micro/runtime/v1/runtime.ts';

const stateNames: Readonly<Record<InstanceState, string>> = {
  [InstanceState.INSTANCE_STATE_UNSPECIFIED]: 'unknown',
  [InstanceState.INSTANCE_STATE_STARTING]: 'starting',
  [InstanceState.INSTANCE_STATE_READY]: 'ready',
  [InstanceState.INSTANCE_STATE_BACKING_OFF]: 'backing off',
  [InstanceState.INSTANCE_STATE_STOPPING]: 'stopping',
  [InstanceState.UNRECOGNIZED]: 'unknown',
};

/** The stable JSON form of a deployment. */
export function deploymentJson({ instances, updatedUnixMs, ...rest }: Deployment) {
  return {
    ...rest,
    updated: isoTime(updatedUnixMs),
    instances: instances.map(({ state, startedUnixMs, ...instance }) => ({
      ...instance,
      state: stateNames[state],
      started: isoTime(startedUnixMs),
    })),
  };
}

/** "2/3 ready", and why the others are not. */
export function deploymentStatus({ instances, instancesWanted, trouble }: Deployment): string {
  if (trouble !== '') return trouble;
  const ready = instances.filter(({ state }) => state === InstanceState.INSTANCE_STATE_READY).length;
  const others = instances
    .filter(({ state }) => state !== InstanceState.INSTANCE_STATE_READY)
    .map(({ state, reason }) => (reason === '' ? stateNames[state] : `${stateNames[state]}: ${reason}`));
  return [`${ready}/${instancesWanted} ready`, ...new Set(others)].join(', ');
}
