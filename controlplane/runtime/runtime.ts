import { join } from 'node:path';
import type { Etcd3 } from 'etcd3';
import type { Logger } from 'pino';
import { ControlPlaneError } from '../errors.ts';
import type { Registrar } from '../registry/types.ts';
import { openBuilds } from './build/builds.ts';
import { openBundles } from './bundle/bundles.ts';
import { Cgroups } from './cgroup/cgroups.ts';
import type { Drained } from './instance/context.ts';
import { checkEnvironment } from './instance/environment.ts';
import { markVariable, runtimeMark } from './instance/mark.ts';
import { resolveInstance } from './instance/number.ts';
import { findOrphans } from './instance/orphans.ts';
import { Ports } from './instance/port.ts';
import { openInstanceRecords } from './instance/records.ts';
import { UsageMeter } from './instance/usage.ts';
import { defaultLimits, type RuntimeLimits } from './limits.ts';
import { openLogs } from './logs/logs.ts';
import { Deployer } from './rollout/deployer.ts';
import { type Deployment, openDeployments } from './rollout/deployments.ts';
import { Fleet } from './rollout/fleet.ts';
import { Lanes } from './rollout/lanes.ts';
import { Ownership, type OwnershipOptions } from './rollout/ownership.ts';
import { Restorer } from './rollout/restorer.ts';
import { describeDeployment } from './rollout/status.ts';
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
  /**
   * PATH, HOME and LANG for git, builds and instances. They get nothing else of the server's own environment, which may
   * hold secrets.
   */
  readonly environment: Readonly<Record<string, string>>;
  /** The git repository in which sources are that are named by a path alone. */
  readonly servicesRepository: string;
  /** What git gets when it fetches: `environment`, and what leads to credentials and proxies, such as SSH_AUTH_SOCK. */
  readonly gitEnvironment: Readonly<Record<string, string>>;
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

  const bundles = await openBundles(folder, limits);
  const sources = await openSources({
    dataFolder: folder,
    bundles,
    servicesRepository: options.servicesRepository,
    environment: options.gitEnvironment,
    namespaces,
    limits,
  });
  const builds = await openBuilds({
    root: join(folder, 'builds'),
    caches: join(folder, 'caches'),
    environment: { ...environment, [markVariable]: mark },
    limits,
  });
  const logs = openLogs({ node, folder: join(folder, 'logs'), limits, log, now });
  const ports = new Ports(host);
  const cgroups = new Cgroups({ mark, log });
  const fleet = new Fleet(
    { node, host, ports, environment, mark, cgroups, registrar, drained, records, logs, limits, log, now, random },
    orphans,
  );
  const deployer = new Deployer({ node, ownership, bundles, builds, deployments, fleet, namespaces, settled, now });
  const usage = new UsageMeter(now);
  const lanes = new Lanes();
  const stopping = new AbortController();
  const restorer = new Restorer({ deployer, lanes, orphans, limits, stopping: stopping.signal, log });

  const describe = (deployment: Deployment): DeploymentStatus => {
    const { service } = deployment;
    return describeDeployment({
      deployment,
      instances: fleet.of(service),
      trouble: ownership.troubleOf(deployment) ?? restorer.trouble(service),
      namespaces,
    });
  };

  const restored = restorer.restore(deployed);

  return {
    hasBundle: (digest) => bundles.find(digest) !== undefined,
    receiveBundle: (digest, parts, signal) =>
      bundles.receive(digest, parts, AbortSignal.any([signal, stopping.signal])),

    async run(request, onEvent, signal) {
      const { name, environment: own = {} } = request;
      stopping.signal.throwIfAborted();
      checkEnvironment(own);
      const source = await sources.take(request.source, name, onEvent, AbortSignal.any([signal, stopping.signal]));
      const { service, project } = source;
      const instances = request.instances ?? project.settings.instances ?? 1;
      if (instances > limits.instances) {
        throw new ControlPlaneError(
          'invalid',
          `${instances} instances are more than ${limits.instances}, the most of one service`,
        );
      }
      stopping.signal.throwIfAborted();
      const work = (signal: AbortSignal) => deployer.deploy({ source, instances, environment: own }, onEvent, signal);
      const deployment = await lanes.enter({ service, what: 'is being run', signal, work });
      restorer.forget(service);
      return describe(deployment);
    },

    async kill(name) {
      const service = resolveName(name, [...(await deployments.services()), ...lanes.services()], namespaces);
      const listed = (await deployments.list()).find(({ deployment }) => deployment.service === service);
      if (listed !== undefined) await ownership.assertFree(listed.deployment);
      await lanes.interrupt(service, new ControlPlaneError('failed', `${service} was killed`));
      const work = async (): Promise<void> => {
        await deployments.remove(service);
        await Promise.all([fleet.stop(fleet.of(service)), orphans.end(service)]);
        restorer.forget(service);
      };
      await lanes.enter({ service, what: 'is being killed', work });
      return service;
    },

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

    async logs({ service: name, lines, follow, sinceUnixMs = 0, instance }, signal) {
      const service = resolveName(name, [...(await deployments.services()), ...(await logs.services())], namespaces);
      const running = fleet.of(service).map(({ specification }) => specification.number);
      const known = [...running, ...(await logs.numbers(service))];
      const number = instance === undefined ? undefined : resolveInstance(instance, { service, node, known });
      return logs.read(service, { lines, sinceMicros: sinceUnixMs * 1000, number, follow, signal });
    },

    async stop() {
      stopping.abort(new ControlPlaneError('unavailable', 'the server is stopping'));
      await lanes.interruptAll(stopping.signal.reason);
      await fleet.stopAll();
      await restored;
    },
  };
}
