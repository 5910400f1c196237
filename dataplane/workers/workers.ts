import { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import type { Logger } from 'pino';
import type { TcpAddress } from '../../proto/channel/address.ts';
import { createAdminLane, type ServingStatus } from '../admin/entrypoint.ts';
import type { DataPlane, StopOptions } from '../data-plane.ts';
import { startEntrypoint } from '../downstream/entrypoint.ts';
import { bindSocket, type SharedSocket } from '../downstream/shared-socket.ts';
import type { EntrypointName } from '../errors.ts';
import { defaultTimeouts, type Timeouts } from '../limits.ts';
import { createWorkerMetrics } from './metrics.ts';
import { statusOf } from './status.ts';
import { type RestartTimes, startWorker, type Worker } from './worker.ts';
import { startWorkerProcess, type WorkerProgram } from './worker-process.ts';

export interface WorkersOptions<Settings> {
  /** How many, at least 1. */
  readonly count: number;
  /** Where the entrypoints listen; an empty host is every interface, port 0 any free one. */
  readonly http: TcpAddress;
  readonly grpc: TcpAddress;
  readonly admin: TcpAddress;
  readonly program: WorkerProgram;
  /** Sent to each worker over a channel that nobody else can read; what structured clone takes. */
  readonly settings: Settings;
  /** Those of the workers; `drainGraceMs` and `drainMs` say how long they may take to end. */
  readonly timeouts?: Partial<Timeouts> | undefined;
  readonly restart?: RestartTimes;
  /** How long a worker may take to say how it does, in milliseconds. */
  readonly reportMs?: { readonly status: number; readonly metrics: number };
  /** How long a worker may take to end after calls in flight were given their time; 5,000 ms by default. */
  readonly lastWorkMs?: number;
  readonly log: Logger;
}

const defaultRestart: RestartTimes = { firstMs: 100, longestMs: 10_000, steadyMs: 60_000 };

/** Probes and Prometheus wait for no less than a second, and 10 s. */
const defaultReportMs = { status: 500, metrics: 3_000 };

/** For its last lines and its route table. */
const defaultLastWorkMs = 5_000;

/**
 * Starts a data plane in several processes, which accept from the same sockets and each have a route subscription of
 * their own. It resolves when all of them serve. One that ends by itself is started again. The `admin` entrypoint is in
 * this process, and tells about all of them.
 *
 * @throws DataPlaneError `address-in-use` or `cannot-listen`, with the entrypoint; `worker-failed`
 */
export async function startWorkers<Settings>(
  options: WorkersOptions<Settings>,
): Promise<Pick<DataPlane, 'http' | 'grpc' | 'stop'> & { readonly admin: TcpAddress }> {
  const {
    count,
    program,
    settings,
    restart = defaultRestart,
    reportMs = defaultReportMs,
    lastWorkMs = defaultLastWorkMs,
    log,
  } = options;
  const timeouts = { ...defaultTimeouts, ...options.timeouts };
  await using stack = new AsyncDisposableStack();
  const bind = async (entrypoint: EntrypointName, address: TcpAddress) =>
    stack.adopt(await bindSocket(entrypoint, address), (socket) => socket.close());
  const http = await bind('http', options.http);
  const grpc = await bind('grpc', options.grpc);

  const workers: Worker[] = [];
  const processes = () => workers.map(({ process }) => process);
  const metrics = createWorkerMetrics({
    processes,
    adminConnections: () => admin.openConnections(),
    timeoutMs: reportMs.metrics,
  });
  const status = async (): Promise<ServingStatus> =>
    statusOf(await Promise.all(processes().map((process) => process.ask('status', reportMs.status))));
  const adminLane = createAdminLane({ registry: metrics, routes: status, timeouts });
  const admin = stack.adopt(
    await startEntrypoint({
      name: 'admin',
      address: options.admin,
      lane: adminLane,
      drainMs: timeouts.drainMs,
    }),
    (started) => started.stop(),
  );

  const stopMs = timeouts.drainGraceMs + timeouts.drainMs + lastWorkMs;
  const stopAll = async (how?: StopOptions): Promise<void> => {
    await Promise.all(workers.map((worker) => worker.stop(stopMs, how)));
  };
  stack.defer(() => stopAll());
  for (let number = 1; number <= count; number += 1) {
    const start = () => startWorkerProcess(program, { number, http, grpc, settings });
    workers.push(startWorker({ number, start, restart, onEnded: metrics.ended, log }));
  }
  await Promise.all(workers.map(({ firstServing }) => firstServing));

  const started = stack.move();
  return {
    http: addressOf(http),
    grpc: addressOf(grpc),
    admin: admin.address,
    async stop(how) {
      admin.drain();
      // Else what nobody accepts any more would wait for it.
      for (const socket of [http, grpc]) socket.close();
      await stopAll(how);
      await started.disposeAsync();
    },
  };
}

const addressOf = ({ host, port }: SharedSocket): TcpAddress => ({ host, port });
