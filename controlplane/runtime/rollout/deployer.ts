import { isDeepStrictEqual } from 'node:util';
import type { Instance } from '../instance/instance.ts';
import { type Namespaces, servicePath } from '../source/name.ts';
import type { RunEvent, Step } from '../types.ts';
import { bringUp } from './bring-up.ts';
import type { Deployment, Deployments, StoredDeployment } from './deployments.ts';
import type { Fleet } from './fleet.ts';
import { type Group, groupsOf } from './groups.ts';
import type { Launcher } from './launcher.ts';
import { planOf } from './plan.ts';

export interface DeployerOptions {
  readonly launcher: Launcher;
  readonly deployments: Deployments;
  readonly fleet: Fleet;
  readonly namespaces: Namespaces;
  /** Resolves when calls are routed as of a store revision, or after a bounded time. */
  readonly settled: (revision: bigint) => Promise<unknown>;
}

/** Brings services to what is wanted of them. */
export class Deployer {
  readonly #parts: DeployerOptions;

  constructor(parts: DeployerOptions) {
    this.#parts = parts;
  }

  /**
   * From what runs of a service to running, routed instances of all that a deployment asks for. What runs as it should
   * goes on as it is.
   *
   * @param previous what the store says should run
   * @returns what should run then; `previous` when that is nothing new
   * @throws ControlPlaneError that says what failed; what ran before runs on
   */
  async bring(
    next: Deployment,
    previous: StoredDeployment | undefined,
    onEvent: (event: RunEvent) => void,
    signal: AbortSignal,
  ): Promise<Deployment> {
    const { launcher, deployments, fleet, namespaces, settled } = this.#parts;
    const { service } = next;
    const step = (step: Step, detail: string): void => onEvent({ type: 'step', step, detail });

    const plan = planOf(groupsOf(next), fleet.of(service));
    const isNews = plan.start.length + plan.stop.length > 0 || !isSameWork(next, previous?.deployment);
    if (previous !== undefined && !isNews) {
      step('routed', `${describeShare(next)} is already running`);
      return previous.deployment;
    }

    const launches: (() => readonly Instance[])[] = [];
    for (const { group, count } of plan.start) {
      const launch = await launcher.prepare(service, group.release, onEvent, signal);
      launches.push(() => launch(count, { weight: group.weight, proven: false }));
    }
    const count = countOf(plan.start.reduce((sum, { count }) => sum + count, 0));
    if (launches.length > 0) step('start', count);
    const lighter = plan.keep.filter(({ instance, weight }) => weight < instance.weight);
    let revision = 0n;
    await bringUp({
      fleet,
      start: () => launches.flatMap((launch) => launch()),
      // Before any other gets calls, so that it gets no more than its share.
      heavier: plan.keep.filter(({ instance, weight }) => weight > instance.weight),
      onReady: () => launches.length > 0 && step('ready', count),
      commit: async () => {
        revision = await deployments.put(next, previous);
      },
      signal,
    });
    await settled(revision);
    step('routed', [servicePath(service, namespaces), next.canary && describeShare(next)].filter(Boolean).join(', '));
    // A weight that the store does not take is taken when the registration is renewed.
    await Promise.allSettled(lighter.map(({ instance, weight }) => instance.setWeight(weight)));
    if (plan.stop.length > 0) {
      step('stop', `${countOf(plan.stop.length)} of before, once the calls in flight are done`);
      // Whoever does not want to wait for that is not kept: they are stopped all the same.
      await unlessAborted(fleet.stop(plan.stop), signal);
    }
    return next;
  }

  /**
   * Starts what should run of a service, without waiting for it to be ready.
   *
   * @returns the instances
   * @throws ControlPlaneError that says why nothing can be started
   */
  async restore(service: string, group: Group, signal: AbortSignal): Promise<readonly Instance[]> {
    const launch = await this.#parts.launcher.prepare(service, group.release, () => undefined, signal);
    signal.throwIfAborted();
    return launch(group.instances, { weight: group.weight, proven: true });
  }
}

/** Resolves when `work` is done, or as soon as `signal` is aborted; `work` goes on then. */
async function unlessAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
    work.then(resolve, reject);
  });
}

function countOf(instances: number): string {
  return `${instances} ${instances === 1 ? 'instance' : 'instances'}`;
}

/** "version v1", "version v2 with 10% of the calls". */
function describeShare({ version, canary }: Deployment): string {
  if (canary === undefined) return `version ${version}`;
  return `version ${canary.release.version} with ${canary.percent}% of the calls`;
}

/** Whether a deployment asks for nothing else than the other. */
function isSameWork(one: Deployment, other: Deployment | undefined): boolean {
  const unmarked = { updatedUnixMs: 0, node: '' };
  return isDeepStrictEqual({ ...one, ...unmarked }, { ...other, ...unmarked });
}
