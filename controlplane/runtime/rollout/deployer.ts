import { isDeepStrictEqual } from 'node:util';
import { ControlPlaneError } from '../../errors.ts';
import type { Builds } from '../build/builds.ts';
import type { Bundles } from '../bundle/bundles.ts';
import type { Instance } from '../instance/instance.ts';
import { readProject } from '../project/project.ts';
import { type Namespaces, servicePath } from '../source/name.ts';
import { sameSource } from '../source/location/location.ts';
import { parseLocation } from '../source/location/parse.ts';
import type { Source } from '../source/source.ts';
import type { RunEvent, Step } from '../types.ts';
import { bringUp } from './bring-up.ts';
import type { Deployment, Deployments, StoredDeployment } from './deployments.ts';
import type { Fleet } from './fleet.ts';
import type { Ownership } from './ownership.ts';

export interface DeployerOptions {
  /** Name of this node. */
  readonly node: string;
  readonly ownership: Ownership;
  readonly bundles: Bundles;
  readonly builds: Builds;
  readonly deployments: Deployments;
  readonly fleet: Fleet;
  readonly namespaces: Namespaces;
  /** Resolves when calls are routed as of a store revision, or after a bounded time. */
  readonly settled: (revision: bigint) => Promise<unknown>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** What is wanted of a source. */
export interface Wanted {
  readonly source: Source;
  readonly instances: number;
  readonly environment: Readonly<Record<string, string>>;
}

type OnEvent = (event: RunEvent) => void;

/** Brings services to what is wanted of them: bundle, build, instances. */
export class Deployer {
  readonly #parts: DeployerOptions;

  constructor(parts: DeployerOptions) {
    this.#parts = parts;
  }

  /**
   * From a source to running, routed instances, in the place of those that run.
   *
   * @throws ControlPlaneError that says what failed; what ran before runs on
   */
  async deploy(wanted: Wanted, onEvent: OnEvent, signal: AbortSignal): Promise<Deployment> {
    const { builds, deployments, fleet, namespaces, settled } = this.#parts;
    const { service } = wanted.source;
    const step = (step: Step, detail: string): void => onEvent({ type: 'step', step, detail });

    const previous = await deployments.get(service);
    if (previous !== undefined) await this.#parts.ownership.assertFree(previous.deployment);
    assertSameSource(previous, wanted.source);
    step('bundle', `${service}${describeVersion(wanted.source)}`);
    const deployment = this.#describe(wanted);
    const running = fleet.of(service);
    if (
      previous !== undefined &&
      sameWork(previous.deployment, deployment) &&
      allReady(running, deployment, builds.find(deployment.bundle))
    ) {
      step('routed', `version ${deployment.version} is already running`);
      return previous.deployment;
    }

    const build = await this.#build(deployment, onEvent, signal);
    const count = countOf(deployment.instances);
    step('start', count);
    const start = await this.#starter(deployment, build, false);
    let revision = 0n;
    await bringUp({
      fleet,
      start,
      onReady: () => step('ready', count),
      commit: async () => {
        revision = await deployments.put(deployment, previous);
      },
      signal,
    });
    await settled(revision);
    step('routed', servicePath(service, namespaces));
    if (running.length > 0) {
      step('stop', `${countOf(running.length)} of before, once the calls in flight are done`);
      // Whoever does not want to wait for that is not kept: they are stopped all the same.
      await unlessAborted(fleet.stop(running), signal);
    }
    return deployment;
  }

  /**
   * Starts what should run of a service, without waiting for it to be ready.
   *
   * @returns the instances
   * @throws ControlPlaneError that says why nothing can be started
   */
  async restore(deployment: Deployment, signal: AbortSignal): Promise<readonly Instance[]> {
    const build = await this.#build(deployment, () => undefined, signal);
    const start = await this.#starter(deployment, build, true);
    signal.throwIfAborted();
    return start();
  }

  #describe({ source, instances, environment }: Wanted): Deployment {
    const { bundle } = source;
    return {
      service: source.service,
      version: 'version' in source.gitVersion ? source.gitVersion.version : shortDigest(bundle),
      source: source.location,
      bundle,
      instances,
      environment,
      updatedUnixMs: this.#parts.now(),
      node: this.#parts.node,
    };
  }

  /** The folder of the finished build. */
  async #build(
    { service, source, bundle: digest }: Deployment,
    onEvent: OnEvent,
    signal: AbortSignal,
  ): Promise<string> {
    const { bundles, builds } = this.#parts;
    const step = (detail: string): void => onEvent({ type: 'step', step: 'build', detail });
    const found = builds.find(digest);
    if (found !== undefined) {
      step('built before');
      return found;
    }
    const bundle = bundles.find(digest);
    if (bundle === undefined) {
      throw new ControlPlaneError(
        'failed',
        `the bundle ${shortDigest(digest)} of ${service} is not in the data folder; make it again with \`micro run ${source}\``,
      );
    }
    return builds.create({
      digest,
      bundle,
      onStep: step,
      onOutput: (line) => onEvent({ type: 'output', line }),
      signal,
    });
  }

  async #starter(deployment: Deployment, folder: string, proven: boolean): Promise<() => readonly Instance[]> {
    const { service, version, environment, instances } = deployment;
    const project = await readProject(folder);
    const command = await project.startCommand();
    const { settings } = project;
    return () =>
      this.#parts.fleet.start({ service, version, environment, settings, command, folder, proven }, instances);
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

function assertSameSource(previous: StoredDeployment | undefined, { service, location }: Source): void {
  if (previous === undefined) return;
  if (sameSource(parseLocation(previous.deployment.source), parseLocation(location))) return;
  throw new ControlPlaneError(
    'conflict',
    `two sources are called ${service}: ${previous.deployment.source}, which runs, and ${location}; give the second ` +
      `another name with --name, or end the first with \`micro kill ${service}\``,
  );
}

/** Whether a deployment asks for nothing else than the other. */
function sameWork(one: Deployment, other: Deployment): boolean {
  const unmarked = { updatedUnixMs: 0, node: '' };
  return isDeepStrictEqual({ ...one, ...unmarked }, { ...other, ...unmarked });
}

/**
 * Whether as many instances as a deployment asks for are ready, of its version and with its environment. Those that are
 * being stopped, and may take a while for it, do not count.
 */
export function allReady(
  instances: readonly Pick<Instance, 'specification' | 'status'>[],
  { instances: wanted, version, environment }: Deployment,
  folder: string | undefined,
): boolean {
  const staying = instances.filter(({ status }) => status.state.status !== 'stopping');
  return (
    staying.length === wanted &&
    staying.every(
      ({ specification, status }) =>
        status.state.status === 'ready' &&
        specification.version === version &&
        specification.folder === folder &&
        isDeepStrictEqual(specification.environment, environment),
    )
  );
}

/** " v1.2.3", or why the version is that of the content. */
function describeVersion({ gitVersion }: Source): string {
  return 'version' in gitVersion ? ` ${gitVersion.version}` : `, versioned by content (git: ${gitVersion.reason})`;
}

function shortDigest(digest: string): string {
  return digest.slice('sha256:'.length).slice(0, 12);
}
