import { ControlPlaneError } from '../../errors.ts';
import { checkEnvironment } from '../instance/environment.ts';
import type { Orphans } from '../instance/orphans.ts';
import type { RuntimeLimits } from '../limits.ts';
import { parseLocation } from '../source/location/parse.ts';
import { type Namespaces, resolveName } from '../source/name.ts';
import type { Source } from '../source/source.ts';
import type { Sources } from '../source/sources.ts';
import type { RollbackRequest, RunEvent, RunRequest, UpdateRequest } from '../types.ts';
import { promoted, rolledBack, withRelease, withTrial } from './changes.ts';
import { assertNoTrial, assertSameSource, checkPercent } from './checks.ts';
import type { Claims } from './claims.ts';
import type { Deployer } from './deployer.ts';
import type { Deployment, Deployments } from './deployments.ts';
import type { Fleet } from './fleet.ts';
import type { Lanes } from './lanes.ts';
import type { Ownership } from './ownership.ts';
import { releaseFrom } from './release.ts';
import type { Restorer } from './restorer.ts';
import { needsOf, type Sweeper } from './sweeper.ts';

export interface RolloutsOptions {
  /** Name of this node. */
  readonly node: string;
  readonly ownership: Ownership;
  readonly sources: Sources;
  readonly deployments: Deployments;
  readonly deployer: Deployer;
  readonly lanes: Lanes;
  readonly restorer: Restorer;
  readonly fleet: Fleet;
  readonly orphans: Orphans;
  readonly claims: Claims;
  readonly sweeper: Sweeper;
  readonly namespaces: Namespaces;
  readonly limits: Pick<RuntimeLimits, 'instances' | 'versions'>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Gives up what is being done. */
  readonly stopping: AbortSignal;
}

type OnEvent = (event: RunEvent) => void;

/** What changes what should run: each takes what the store says, makes of it what is wanted, and brings that about. */
export class Rollouts {
  readonly #parts: RolloutsOptions;

  constructor(parts: RolloutsOptions) {
    this.#parts = parts;
  }

  async run(request: RunRequest, onEvent: OnEvent, signal: AbortSignal): Promise<Deployment> {
    const { name, environment = {}, percent } = request;
    checkEnvironment(environment);
    checkPercent(request);
    return this.#withSource(request.source, name, { onEvent, signal }, async (source) => {
      const { service, project } = source;
      const instances = this.#checkInstances(request.instances ?? project.settings.instances ?? 1);
      return this.#roll(service, { what: 'is being run', onEvent, signal }, (previous) => {
        assertSameSource(previous, source);
        announceSource(source, onEvent);
        const release = releaseFrom(source, environment);
        if (percent === undefined) return withRelease(previous, { service, release, instances }, this.#change());
        if (previous !== undefined) return withTrial(previous, { release, percent }, this.#change());
        throw new ControlPlaneError(
          'failed',
          `nothing runs of ${service} beside which it could be tried; run it without --weight`,
        );
      });
    });
  }

  async update({ service: name, source }: UpdateRequest, onEvent: OnEvent, signal: AbortSignal): Promise<Deployment> {
    const service = await this.#resolve(name);
    const found = existing(service, (await this.#parts.deployments.get(service))?.deployment);
    assertNoTrial(found);
    if (source === undefined && parseLocation(found.source).type === 'folder') {
      throw new ControlPlaneError(
        'invalid',
        `the source of ${service} is the folder ${found.source} of the machine that it was sent from; update it there`,
      );
    }
    const wanted = source ?? ({ type: 'location', location: found.source } as const);
    return this.#withSource(wanted, service, { onEvent, signal }, (source) =>
      this.#roll(service, { what: 'is being updated', onEvent, signal }, (stored) => {
        const previous = existing(service, stored);
        assertNoTrial(previous);
        assertSameSource(previous, source);
        announceSource(source, onEvent);
        const { instances, environment } = previous;
        const release = releaseFrom(source, environment);
        return withRelease(previous, { service, release, instances }, this.#change());
      }),
    );
  }

  async rollback(
    { service: name, version }: RollbackRequest,
    onEvent: OnEvent,
    signal: AbortSignal,
  ): Promise<Deployment> {
    const service = await this.#resolve(name);
    return this.#roll(service, { what: 'is being rolled back', onEvent, signal }, (previous) =>
      rolledBack(existing(service, previous), version, this.#change()),
    ).finally(() => this.#parts.sweeper.sweep());
  }

  async promote(name: string, onEvent: OnEvent, signal: AbortSignal): Promise<Deployment> {
    const service = await this.#resolve(name);
    return this.#roll(service, { what: 'is being promoted', onEvent, signal }, (previous) =>
      promoted(existing(service, previous), this.#change()),
    ).finally(() => this.#parts.sweeper.sweep());
  }

  async kill(name: string): Promise<string> {
    const { ownership, deployments, lanes, fleet, orphans, restorer, sweeper } = this.#parts;
    const service = await this.#resolve(name);
    // One that cannot be read belongs to nobody.
    const stored = (await deployments.list()).find(({ deployment }) => deployment.service === service);
    if (stored !== undefined) await ownership.assertFree(stored.deployment);
    await lanes.interrupt(service, new ControlPlaneError('failed', `${service} was killed`));
    const work = async (): Promise<void> => {
      await deployments.remove(service);
      await Promise.all([fleet.stop(fleet.of(service)), orphans.end(service)]);
      restorer.forget(service);
    };
    await lanes.enter({ service, what: 'is being killed', work });
    sweeper.sweep();
    return service;
  }

  /** Brings a source here, and keeps it while `use` is at work with it. */
  async #withSource(
    wanted: RunRequest['source'],
    name: string | undefined,
    { onEvent, signal }: { readonly onEvent: OnEvent; readonly signal: AbortSignal },
    use: (source: Source) => Promise<Deployment>,
  ): Promise<Deployment> {
    const { sources, claims, sweeper, stopping } = this.#parts;
    stopping.throwIfAborted();
    const source = await sources.take(wanted, name, onEvent, AbortSignal.any([signal, stopping]));
    const release = claims.hold(needsOf({ bundle: source.bundle, source: source.location }));
    try {
      return await use(source);
    } finally {
      release();
      sweeper.sweep();
    }
  }

  /** Brings about what `change` makes of what should run of a service. */
  async #roll(
    service: string,
    { what, onEvent, signal }: { readonly what: string; readonly onEvent: OnEvent; readonly signal: AbortSignal },
    change: (previous: Deployment | undefined) => Deployment,
  ): Promise<Deployment> {
    const { node, ownership, deployments, deployer, lanes, restorer, stopping } = this.#parts;
    stopping.throwIfAborted();
    const work = async (signal: AbortSignal): Promise<Deployment> => {
      const previous = await deployments.get(service);
      if (previous !== undefined) await ownership.assertFree(previous.deployment);
      return deployer.bring({ ...change(previous?.deployment), node }, previous, onEvent, signal);
    };
    const deployment = await lanes.enter({ service, what, signal, work });
    restorer.forget(service);
    return deployment;
  }

  async #resolve(name: string): Promise<string> {
    const { deployments, lanes, namespaces } = this.#parts;
    return resolveName(name, [...(await deployments.services()), ...lanes.services()], namespaces);
  }

  #change() {
    return { unixMs: this.#parts.now(), versions: this.#parts.limits.versions };
  }

  #checkInstances(instances: number): number {
    const most = this.#parts.limits.instances;
    if (instances <= most) return instances;
    throw new ControlPlaneError('invalid', `${instances} instances are more than ${most}, the most of one service`);
  }
}

function existing(service: string, previous: Deployment | undefined): Deployment {
  if (previous !== undefined) return previous;
  throw new ControlPlaneError('not-found', `${service} is not deployed any more; \`micro status\` lists what is`);
}

function announceSource({ service, gitVersion }: Source, onEvent: OnEvent): void {
  const version =
    'version' in gitVersion ? ` ${gitVersion.version}` : `, versioned by content (git: ${gitVersion.reason})`;
  onEvent({ type: 'step', step: 'bundle', detail: `${service}${version}` });
}
