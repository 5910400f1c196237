import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { logVerbosity, setLogVerbosity } from '@grpc/grpc-js';
import { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import type { Logger } from 'pino';
import { dialable, formatAddress, type TcpAddress } from '../proto/channel/address.ts';
import type { DataPlane, DataPlaneOptions, StopOptions } from '../dataplane/data-plane.ts';
import type { Timeouts } from '../dataplane/limits.ts';
import { openAccessLog } from './access-log.ts';
import { Interrupted } from './control.ts';
import { OperationError } from './errors.ts';
import { makeLog } from './log.ts';
import { type StopSignal, stopSignal } from './signals.ts';

export interface DataOptions {
  readonly dataDir: string;
  readonly http: DataPlaneOptions['http'];
  readonly grpc: DataPlaneOptions['grpc'];
  readonly admin: TcpAddress | undefined;
  /** Given both, or neither. */
  readonly tlsCert: string | undefined;
  readonly tlsKey: string | undefined;
  readonly trustedProxies: readonly string[];
  readonly accessLog: string | undefined;
  /** Times are in milliseconds. */
  readonly headTimeout: number;
  readonly idleTimeout: number;
  readonly connectTimeout: number;
  readonly answerTimeout: number;
  readonly drainGrace: number;
  readonly drain: number;
  readonly maxStreams: number;
}

/** Where a plane listens, by name, in the order in which it is told. */
type Listeners = Readonly<Record<string, Listener>>;

interface Listener extends TcpAddress {
  /** Of the URLs that lead there; left out where no browser goes. */
  readonly scheme?: 'http' | 'https';
}

/** A plane that runs. */
export interface Plane {
  readonly addresses: Listeners;
}

/** Starts the data plane with the settings of the command line, in this process. */
export async function startData(
  options: DataOptions,
  {
    node,
    routes: source,
    keepsLastGood,
  }: Pick<DataPlaneOptions, 'routes' | 'keepsLastGood'> & { readonly node: string },
  log: Logger,
): Promise<Plane & Pick<DataPlane, 'routes' | 'metrics' | 'stop'>> {
  const { startDataPlane } = await import('../dataplane/data-plane.ts');
  await mkdir(options.dataDir, { recursive: true, mode: 0o700 });
  const accessLog = options.accessLog === undefined ? undefined : openAccessLog(options.accessLog, log);
  const starting = startDataPlane({
    name: node,
    routes: source,
    http: options.http,
    grpc: options.grpc,
    admin: options.admin,
    tls: tlsOf(options),
    trustedProxies: options.trustedProxies,
    lastGoodFile: join(options.dataDir, 'routes.last-good'),
    keepsLastGood,
    accessLog,
    timeouts: timeoutsOf(options),
    grpcBounds: { streams: options.maxStreams },
    log,
  });
  const plane = await starting.catch(nameFlag);
  const { routes, metrics } = plane;
  const stop = async (how?: StopOptions) => {
    await plane.stop(how);
    await accessLog?.close();
  };
  return { addresses: listenersOf(plane, options), routes, metrics, stop };
}

/** No balancer stands in front of a terminal, and whoever pressed Ctrl-C there wants it back. */
export function graceAfter(signal: StopSignal): StopOptions {
  return signal.isInterrupt() ? { graceMs: 0 } : {};
}

/** The times of a data plane that users set. */
export function timeoutsOf(options: DataOptions): Partial<Timeouts> {
  return {
    requestHeadMs: options.headTimeout,
    idleMs: options.idleTimeout,
    connectMs: options.connectTimeout,
    answerHeadMs: options.answerTimeout,
    drainGraceMs: options.drainGrace,
    drainMs: options.drain,
  };
}

function tlsOf({ tlsCert, tlsKey }: DataOptions): DataPlaneOptions['tls'] {
  return tlsCert === undefined || tlsKey === undefined ? undefined : { certFile: tlsCert, keyFile: tlsKey };
}

/** Where a data plane listens, and what leads there. */
export function listenersOf(
  { http, grpc, admin }: Pick<DataPlane, 'http' | 'grpc' | 'admin'>,
  options: DataOptions,
): Listeners {
  return {
    http: { ...http, scheme: tlsOf(options) ? 'https' : 'http' },
    grpc,
    ...(admin && { admin: { ...admin, scheme: 'http' } }),
  };
}

/** To what cannot be had or used, the flags that name another. */
export async function nameFlag(error: unknown): Promise<never> {
  const { DataPlaneError } = await import('../dataplane/errors.ts');
  if (!(error instanceof DataPlaneError)) throw error;
  const { code, entrypoint } = error;
  const flags = code === 'certificate-unusable' ? '--tls-cert and --tls-key' : entrypoint && `--${entrypoint}`;
  if (flags === undefined) throw error;
  throw new OperationError(`${error.message} with ${flags}`, { cause: error });
}

/** Runs planes until the process is told to stop, and says where they listen when they are ready. */
export async function runPlanes(
  name: string,
  options: { readonly logLevel: string },
  stdout: Writable,
  start: (stack: AsyncDisposableStack, log: Logger, stop: StopSignal) => Promise<Listeners>,
): Promise<void> {
  // What grpc-js has to say of a failure is in the error; on its own it is a line that nobody can act on.
  setLogVerbosity(logVerbosity.NONE);
  // It serves on when nobody reads what it prints.
  stdout.on('error', () => undefined);
  const stop = stopSignal();
  const log = await makeLog(options.logLevel);
  await using stack = new AsyncDisposableStack();
  let addresses: Listeners;
  try {
    addresses = await start(stack, log, stop);
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    log.info({ signal: error.signal }, 'stopped before it was ready');
    return;
  }
  const listed = Object.entries(addresses).map(([name, { scheme, ...address }]) => {
    return `${name} ${scheme === undefined ? '' : `${scheme}://`}${formatAddress(dialable(address))}`;
  });
  stdout.write(`micro ${name} is ready: ${listed.join(' · ')}\n`);
  log.info({ signal: await stop.first }, 'stopping: calls in flight may finish');
}
