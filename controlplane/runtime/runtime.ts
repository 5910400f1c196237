import { join } from 'node:path';
import type { Etcd3 } from 'etcd3';
import type { Logger } from 'pino';
import { ControlPlaneError } from '../errors.ts';
import type { Registrar } from '../registry/types.ts';
import { openBuilds } from './build/builds.ts';
import { openBundles } from './bundle/bundles.ts';
import { Cgroups } from './cgroup/cgroups.ts';
import type { Drained } from './instance/context.ts';
import { markVariable, runtimeMark } from './instance/mark.ts';
import { resolveInstance } from './instance/number.ts';
import { findOrphans } from './instance/orphans.ts';
import { Ports } from './instance/port.ts';
import { openInstanceRecords } from './instance/records.ts';
import { UsageMeter } from './instance/usage.ts';
import { defaultLimits, type RuntimeLimits } from './limits.ts';
import { openLogs } from './logs/logs.ts';
import { Claims } from './rollout/claims.ts';
import { Deployer } from './rollout/deployer.ts';
import { type Deployment, openDeployments } from './rollout/deployments.ts';
import { Fleet } from './rollout/fleet.ts';
import { Lanes } from './rollout/lanes.ts';
import { Launcher } from './rollout/launcher.ts';
import { Ownership, type OwnershipOptions } from './rollout/ownership.ts';
import { Restorer } from './rollout/restorer.ts';
import { Rollouts } from './rollout/rollouts.ts';
import { describeDeployment } from './rollout/status.ts';
import { Sweeper } from './rollout/sweeper.ts';
import { type Namespaces, resolveName } from './source/name.ts';
import { openSources } from './source/sources.ts';
import type { DeploymentStatus, Runtime } from './types.ts';

export interface RuntimeOptions {
  /** Name of this node. */
  readonly node: string;
  /**
   * The data folder, which this process has for itself: `sources/`, `bundles/`, `builds/`, `caches/` and `logs/` in it belong
   * to the runtime.
   */
  readonly folder: string;
  readonly client: Etcd3;
  readonly registrar: Registrar;
  /** Which path of the `http` entrypoint leads to which namespace: `/api/`, `/web/` and `/service/`. */
  readonly prefixes: Namespaces;
  /** Resolves when calls are routed as of a store revision, or after a bounded time. */
  readonly settled: (revision: bigint) => Promise<unknown>;
  readonly drained: Drained;
  /** PATH, HOME and LANG for instances. They get nothing else of the server's own environment, which may hold secrets. */
  readonly environment: Readonly<Record<string, string>>;
  /** The git repository in which sources are that are named by a path alone. */
  readonly servicesRepository: string;
  /** What git and builds get, as they fetch: `environment`, and what leads to credentials and proxies, such as SSH_AUTH_SOCK. */
  readonly fetchEnvironment: Readonly<Record<string, string>>;
  readonly log: Logger;
  readonly clusterNodes?: OwnershipOptions['clusterNodes'];
  /** Where instances listen. Default 127.0.0.1. */
  readonly host?: string;
  /** Instead of those in `limits.ts`. */
  readonly limits?: Partial<RuntimeLimits>;
  /** Milliseconds since 1970. Default Date.now. */
  readonly now?: () => number;
  /** From 0 up to 1, for the jitter of restarts. Default Math.random. */
  readonly random?: () => number;
}

/**
 * Starts the runtime. When it returns, what should run is being started, and of what a killed server ran nothing is left but
 * the instances that serve until their successors do.
 *
 * @throws ControlPlaneError `unavailable` when the store does not answer
 */
export async function startRuntime(options: RuntimeOptions): Promise<Runtime> {
  const { node, folder, client, registrar, settled, drained, environment, log } = options;
  const { prefixes: namespaces, host = '127.0.0.1', now = Date.now, random = Math.random } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const mark = await runtimeMark(folder);
  const records = openInstanceRecords({ client, node, log });
  const orphans = await findOrphans({ client, node, mark, records, drained, limits, log });
  const deployments = openDeployments({ client, log });
  const ownership = new Ownership({ node, clusterNodes: options.clusterNodes });
  const deployed = (await deployments.list()).flatMap(({ deployment }) =>
    ownership.isOwn(deployment) ? [deployment] : [],
  );
  await orphans.endAllBut(new Set(deployed.map(({ service }) => service)));

  const claims = new Claims(now);
  const bundles = await openBundles(folder, limits, (digest) => claims.announce(digest));
  const sources = await openSources({
    dataFolder: folder,
    bundles,
    servicesRepository: options.servicesRepository,
    environment: { ...options.fetchEnvironment, [markVariable]: mark },
    namespaces,
    limits,
  });
  const builds = await openBuilds({
    root: join(folder, 'builds'),
    caches: join(folder, 'caches'),
    environment: options.fetchEnvironment,
    mark,
    limits,
  });
  const logs = openLogs({ node, folder: join(folder, 'logs'), limits, log, now });
  const ports = new Ports(host);
  const cgroups = new Cgroups({ mark, log });
  const fleet = new Fleet(
    { node, host, ports, environment, mark, cgroups, registrar, drained, records, logs, limits, log, now, random },
    orphans,
  );
  const launcher = new Launcher({ bundles, builds, logs, fleet });
  const deployer = new Deployer({ launcher, deployments, fleet, namespaces, settled });
  const lanes = new Lanes();
  const stopping = new AbortController();
  const restorer = new Restorer({ deployer, lanes, orphans, limits, stopping: stopping.signal, log });
  const restored = restorer.restore(deployed);
  const sweeper = new Sweeper({
    bundles,
    builds,
    sources,
    deployments,
    fleet,
    claims,
    restored,
    stopping: stopping.signal,
    log,
  });
  sweeper.sweep();
  const rollouts = new Rollouts({
    node,
    ownership,
    sources,
    deployments,
    deployer,
    lanes,
    restorer,
    fleet,
    orphans,
    claims,
    sweeper,
    namespaces,
    limits,
    now,
    stopping: stopping.signal,
  });
  const usage = new UsageMeter(now);

  const describe = (deployment: Deployment): DeploymentStatus => {
    const { service } = deployment;
    return describeDeployment({
      deployment,
      instances: fleet.of(service),
      trouble: ownership.troubleOf(deployment) ?? restorer.trouble(service),
      namespaces,
    });
  };

  return {
    hasBundle(digest) {
      const found = bundles.find(digest) !== undefined;
      if (found) claims.announce(digest);
      return found;
    },
    receiveBundle: (digest, parts, signal) =>
      bundles.receive(digest, parts, AbortSignal.any([signal, stopping.signal])),

    run: async (request, onEvent, signal) => describe(await rollouts.run(request, onEvent, signal)),
    update: async (request, onEvent, signal) => describe(await rollouts.update(request, onEvent, signal)),
    rollback: async (request, onEvent, signal) => describe(await rollouts.rollback(request, onEvent, signal)),
    promote: async (service, onEvent, signal) => describe(await rollouts.promote(service, onEvent, signal)),
    kill: (service) => rollouts.kill(service),

    async status(name) {
      const listed = (await deployments.list()).map(({ deployment }) => deployment);
      if (name === undefined) return listed.map(describe);
      const services = listed.map(({ service }) => service);
      const service = resolveName(name, services, namespaces);
      return listed.filter((deployment) => deployment.service === service).map(describe);
    },

    usage(deployments) {
      const instances = deployments.flatMap((deployment) => deployment.instances);
      return usage.measure(instances.flatMap(({ state }) => state.process ?? []));
    },

    async logs({ service: name, lines, follow, sinceUnixMs = 0, instance, build = false }, signal) {
      if (build && instance !== undefined) {
        throw new ControlPlaneError('invalid', 'a log is that of an instance or that of builds: ask for one of them');
      }
      const service = resolveName(name, [...(await deployments.services()), ...(await logs.services())], namespaces);
      const running = fleet.of(service).map(({ specification }) => specification.number);
      const known = [...running, ...(await logs.numbers(service))];
      const number = instance === undefined ? undefined : resolveInstance(instance, { service, node, known });
      const log = build ? 'build' : number;
      return logs.read(service, { lines, sinceMicros: sinceUnixMs * 1000, name: log, follow, signal });
    },

    async stop() {
      stopping.abort(new ControlPlaneError('unavailable', 'the server is stopping'));
      await lanes.interruptAll(stopping.signal.reason);
      await fleet.stopAll();
      await restored;
      await sweeper.idle();
    },
  };
}
