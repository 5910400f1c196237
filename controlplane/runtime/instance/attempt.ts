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
  /** Once the process has ended: how (the cause), and the last lines it printed. */
  describeEnd(): Promise<ControlPlaneError>;
}

/** @throws ControlPlaneError `failed` when the program cannot be started */
export async function startAttempt(specification: InstanceSpecification, context: InstanceContext): Promise<Attempt> {
  const { service, version, number, command, folder, environment, settings } = specification;
  const { host, node, ports, limits, logs } = context;
  const port = await ports.take();
  const lastLines = new LastLines();
  const log = logs.open(service, number);
  const group = await startProcessGroup({
    command,
    folder,
    environment: instanceEnvironment({
      base: context.environment,
      own: { ...settings.env, ...environment },
      service,
      version,
      id: registryId(service, node, number),
      host,
      port,
      mark: context.mark,
    }),
    onLines: async (stream, lines) => {
      lastLines.push(lines);
      await log.write(stream, lines);
    },
  }).catch((error: unknown) => {
    ports.release(port);
    throw error;
  });
  const closed = group.drained.then(() => {
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
    async describeEnd() {
      const exit = describeExit(await group.exited);
      await closed;
      return fail(new Error(exit));
    },
  };
}
