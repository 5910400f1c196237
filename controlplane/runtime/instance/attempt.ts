import { ControlPlaneError } from '../../errors.ts';
import { describeExit, type ProcessGroup, startProcessGroup } from '../process/group.ts';
import { LastLines } from '../process/last-lines.ts';
import type { InstanceContext } from './context.ts';
import { instanceEnvironment } from './environment.ts';
import type { InstanceSpecification } from './instance.ts';
import type { Protocol } from './probe.ts';
import { waitUntilReady } from './ready.ts';
import { registryId } from './registry-id.ts';
import type { InstanceProcess } from './state.ts';

/** One start of an instance. */
export interface Attempt {
  readonly group: ProcessGroup;
  readonly process: InstanceProcess;
  /**
   * Resolves when it accepts connections and is well.
   *
   * @throws ControlPlaneError `failed` when it does not in time
   */
  ready(signal: AbortSignal): Promise<Protocol>;
  /** The last lines it printed so far. */
  lastLines(): readonly string[];
  /** Once the process has ended: how (the cause), and the last lines it printed. */
  describeEnd(): Promise<ControlPlaneError>;
}

/** @throws ControlPlaneError `failed` when the program cannot be started */
export async function startAttempt(specification: InstanceSpecification, context: InstanceContext): Promise<Attempt> {
  const { service, version, number, command, folder, environment, settings } = specification;
  const { host, node, ports, cgroups, limits, logs } = context;
  const id = registryId(service, node, number);
  const port = await ports.take();
  const lastLines = new LastLines();
  const log = logs.open(service, number);
  const cgroup = cgroups.create(id, settings.limits);
  const group = await startProcessGroup({
    command,
    folder,
    environment: instanceEnvironment({
      base: context.environment,
      own: { ...settings.env, ...environment },
      service,
      version,
      id,
      host,
      port,
      mark: context.mark,
    }),
    onStart: (pid) => cgroup?.add(pid),
    onLines: async (stream, lines) => {
      lastLines.push(lines);
      await log.write(stream, lines);
    },
  }).catch(async (error: unknown) => {
    ports.release(port);
    await cgroup?.remove();
    throw error;
  });
  const ended = group.exited.then(async (exit) => {
    const overLimit = cgroup?.ranOutOfMemory()
      ? `: it used up its limit of memory, ${settings.limits.memory} bytes`
      : '';
    await cgroup?.remove();
    return `${describeExit(exit)}${overLimit}`;
  });
  const closed = Promise.all([group.drained, ended]).then(() => {
    ports.release(port);
    return log.close();
  });
  const fail = (reason: Error): ControlPlaneError => {
    const message = `${service} ${version} (${node}/${number}) did not stay up: ${reason.message}; ${lastLines.describe()}`;
    return new ControlPlaneError('failed', message, { cause: reason });
  };
  return {
    group,
    process: {
      pid: group.pid,
      address: `${host}:${port}`,
      startedUnixMs: context.now(),
      startTicks: group.startTicks,
    },
    ready: (signal) =>
      waitUntilReady({ host, port, settings, limits, signal }).catch((error: unknown) => {
        throw error instanceof ControlPlaneError ? fail(error) : error;
      }),
    lastLines: () => lastLines.shown,
    async describeEnd() {
      await closed;
      return fail(new Error(await ended));
    },
  };
}
