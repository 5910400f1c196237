import { logVerbosity, setLogVerbosity } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import { type Address, dialable, type TcpAddress } from '../proto/channel/address.ts';
import { dialRoutes } from '../proto/routes/dial.ts';
import type { DataPlane } from '../dataplane/data-plane.ts';
import { openAccessLog } from './access-log.ts';
import { makeLog } from './log.ts';
import { type DataOptions, listenersOf, nameFlag, type Plane, startData, timeoutsOf } from './planes.ts';
import { readToken } from './token.ts';

interface WorkersOptions extends DataOptions {
  readonly admin: TcpAddress;
  readonly workers: number;
  readonly token?: string | undefined;
  readonly logLevel: string;
}

/** What a worker is told by the process that starts it. */
interface WorkerSettings {
  readonly options: DataOptions;
  readonly logLevel: string;
  readonly node: string;
  readonly control: Address;
  readonly token: string;
}

/** Starts the data plane with the settings of the command line, in processes of their own. */
export async function startDataWorkers(
  options: WorkersOptions,
  { node, control }: { readonly node: string; readonly control: Address },
  environment: Readonly<Record<string, string | undefined>>,
  log: Logger,
): Promise<Plane & Pick<DataPlane, 'stop'>> {
  const { startWorkers } = await import('../dataplane/workers/workers.ts');
  const token = options.token ?? (await readToken(options.dataDir));
  const [, path = ''] = process.argv;
  // Lines of several processes would run into each other in a pipe.
  const accessLog = options.accessLog === 'stdout' ? openAccessLog('stdout', log) : undefined;
  const { workers: count, http, grpc, admin, logLevel } = options;
  const settings: WorkerSettings = { options, logLevel, node, control, token };
  const starting = startWorkers({
    count,
    http,
    grpc,
    admin,
    program: {
      path,
      args: workerArgs,
      environment: withoutSettings(environment),
      onOutput: accessLog && ((lines) => accessLog.write(lines)),
    },
    settings,
    timeouts: timeoutsOf(options),
    log,
  });
  const plane = await starting.catch(nameFlag);
  return {
    addresses: listenersOf(plane, options),
    async stop(how) {
      await plane.stop(how);
      await accessLog?.close();
    },
  };
}

/** What `micro` is called with in a worker. */
export const workerArgs = ['dataplane', 'worker'];

/** Runs this process as a worker, until the one that started it tells it to stop. */
export async function runWorker(): Promise<void> {
  const { serveAsWorker } = await import('../dataplane/workers/serve.ts');
  setLogVerbosity(logVerbosity.NONE);
  // A terminal and a supervisor send these to all processes at once; the one that started this one decides.
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => undefined);
  await serveAsWorker<WorkerSettings>({
    async start({ number, http, grpc, settings: { options, logLevel, node, control, token } }) {
      const log = await makeLog(logLevel, { worker: number });
      const routes = dialRoutes({ address: dialable(control), token });
      // One writes the table to disk for all.
      const inPool = { node: `${node}/${number}`, routes, keepsLastGood: number === 1 };
      return startData({ ...options, http, grpc, admin: undefined }, inPool, log);
    },
    onOrphaned: () => process.exit(1),
  });
}

/** What the user set is told; the token is not for an environment, which other processes of the user can read. */
function withoutSettings(environment: Readonly<Record<string, string | undefined>>) {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('MICRO_')));
}
