import {
  type Deployment,
  InstanceState,
  type InstanceStatus,
  type RunResponse,
  Step,
} from '../../proto/gen/micro/runtime/v1/runtime.ts';
import type { InstanceStatus as RuntimeInstance } from '../runtime/instance/state.ts';
import type { InstanceUsage } from '../runtime/instance/usage.ts';
import type { DeploymentStatus, RunEvent } from '../runtime/types.ts';

const steps: Readonly<Record<Extract<RunEvent, { type: 'step' }>['step'], Step>> = {
  source: Step.STEP_SOURCE,
  bundle: Step.STEP_BUNDLE,
  build: Step.STEP_BUILD,
  start: Step.STEP_START,
  ready: Step.STEP_READY,
  routed: Step.STEP_ROUTED,
  stop: Step.STEP_STOP,
};

/** What happens on the way to what should run, as the API tells it. */
export function eventMessage(event: RunEvent): RunResponse['event'] {
  if (event.type === 'output') return { $case: 'output', value: event.line };
  return { $case: 'step', value: { step: steps[event.step], detail: event.detail } };
}

/**
 * What should run of a service and what does, as the API tells it.
 *
 * @param usage what instances take, by the pid of their process
 */
export function deploymentMessage(
  { instances, updatedUnixMs, keptVersions, ...deployment }: DeploymentStatus,
  usage: ReadonlyMap<number, InstanceUsage> = new Map(),
): Deployment {
  return {
    ...deployment,
    keptVersions: [...keptVersions],
    updatedUnixMs: BigInt(updatedUnixMs),
    instances: instances.map((instance) => instanceMessage(instance, usage.get(instance.state.process?.pid ?? 0))),
  };
}

/** What all services printed last would be too much for one message. */
export function withoutLines({ instances, ...deployment }: Deployment): Deployment {
  const shortened = instances.map(({ lastEnd, ...instance }) => ({
    ...instance,
    lastEnd: lastEnd && { ...lastEnd, lines: [] },
  }));
  return { ...deployment, instances: shortened };
}

const states: Readonly<Record<RuntimeInstance['state']['status'], InstanceState>> = {
  starting: InstanceState.INSTANCE_STATE_STARTING,
  ready: InstanceState.INSTANCE_STATE_READY,
  'backing-off': InstanceState.INSTANCE_STATE_BACKING_OFF,
  'crash-looping': InstanceState.INSTANCE_STATE_CRASH_LOOPING,
  stopping: InstanceState.INSTANCE_STATE_STOPPING,
};

function instanceMessage(
  { id, version, restarts, state, lastEnd }: RuntimeInstance,
  usage: InstanceUsage | undefined,
): InstanceStatus {
  return {
    id,
    version,
    restarts,
    state: states[state.status],
    address: state.process?.address ?? '',
    pid: state.process?.pid ?? 0,
    startedUnixMs: BigInt(state.process?.startedUnixMs ?? 0),
    reason: 'reason' in state ? state.reason : '',
    lastEnd: lastEnd && { ...lastEnd, timeUnixMs: BigInt(lastEnd.unixMs) },
    cpuCores: usage?.cpuCores,
    memoryBytes: usage && BigInt(usage.memoryBytes),
  };
}
