import type { Logger } from 'pino';
import type { ManagedChoice } from '../controlplane/cluster/managed-store.ts';
import type { ControlPlane, ControlPlaneOptions } from '../controlplane/control-plane.ts';
import type { TcpAddress } from '../proto/channel/address.ts';
import { lateRoutes } from '../proto/routes/late.ts';
import type { Plane } from './planes.ts';
import type { StopSignal } from './signals.ts';

interface ControlOptions {
  readonly dataDir: string;
  readonly token?: string | undefined;
  readonly control: TcpAddress;
  readonly etcd?: readonly TcpAddress[] | undefined;
  readonly etcdListen: TcpAddress | undefined;
  readonly namespace: string;
  readonly readyTimeout: number;
  readonly instanceDrain: number;
  readonly servicesRepo: string;
  /** This node's place among those of a cluster; undefined for a server that is alone. */
  readonly cluster?: ManagedChoice | undefined;
}

/** It was told to stop before it was ready. */
export class Interrupted extends Error {
  readonly signal: NodeJS.Signals;

  constructor(signal: NodeJS.Signals) {
    super(`interrupted by ${signal}`);
    this.signal = signal;
  }
}

interface StartOptions extends Pick<ControlPlaneOptions, 'onWaiting'> {
  readonly stop: StopSignal;
  /** Gives the start up, too. */
  readonly signal?: AbortSignal;
}

type StartedControl = Plane &
  AsyncDisposable &
  Pick<ControlPlane, 'addresses' | 'internal' | 'node' | 'routes' | 'endStreams'>;

/** Starts the control plane with the settings of the command line. */
export async function startControl(
  options: ControlOptions,
  inherited: Pick<ControlPlaneOptions, 'version' | 'environment' | 'fetchEnvironment'>,
  { stop, onWaiting, signal }: StartOptions,
  log: Logger,
): Promise<StartedControl> {
  // Loaded here, and not by client commands: it brings the store along.
  const { startControlPlane } = await import('../controlplane/control-plane.ts');
  const interrupted = new AbortController();
  const interrupt = (received: NodeJS.Signals) => interrupted.abort(new Interrupted(received));
  stop.first.then(interrupt, () => undefined);
  const plane = await startControlPlane({
    dataDir: options.dataDir,
    token: options.token,
    listen: options.control,
    store: options.cluster ?? (options.etcd === undefined ? 'embedded' : { endpoints: options.etcd }),
    registryDoor: options.etcdListen,
    namespace: options.namespace,
    readyTimeoutMs: options.readyTimeout,
    instanceDrainMs: options.instanceDrain,
    servicesRepository: options.servicesRepo,
    ...inherited,
    ...(onWaiting && { onWaiting }),
    signal: signal === undefined ? interrupted.signal : AbortSignal.any([interrupted.signal, signal]),
    log,
  });
  void plane.lost.then(stop.fail);
  const { addresses, internal, node, routes } = plane;
  return {
    addresses,
    internal,
    node,
    routes,
    endStreams: () => plane.endStreams(),
    [Symbol.asyncDispose]: () => plane.stop(),
  };
}

/** A control plane that is being started. */
interface Beginning<Plane> extends AsyncDisposable {
  /** Resolves when the data plane can be started: with the control plane, or when that waits for other nodes. */
  readonly begun: Promise<Pick<ControlPlane, 'node' | 'internal' | 'routes'>>;
  readonly started: Promise<Plane>;
}

type Needed = AsyncDisposable & Pick<ControlPlane, 'node' | 'internal' | 'routes'>;

/**
 * Starts a control plane beside which a data plane can be started already while it waits for the other nodes of its cluster:
 * calls go on by the last good route table.
 *
 * Disposing of it gives up a start that is under way, and stops what was started.
 */
export function beginControl<Plane extends Needed>(
  start: (options: Required<Pick<ControlPlaneOptions, 'onWaiting' | 'signal'>>) => Promise<Plane>,
): Beginning<Plane> {
  const givingUp = new AbortController();
  let onWaiting: NonNullable<ControlPlaneOptions['onWaiting']> = () => undefined;
  const waiting = new Promise<Pick<ControlPlane, 'node' | 'internal'>>((resolve) => {
    onWaiting = resolve;
  });
  const started = start({ onWaiting, signal: givingUp.signal });
  const late = waiting.then(({ node, internal }) => {
    const routes = started.then((plane) => plane.routes);
    // Told by `started`.
    routes.catch(() => undefined);
    return { node, internal, routes: lateRoutes(routes, 'the control plane waits for the other nodes') };
  });
  return {
    begun: Promise.race([started, late]),
    started,
    async [Symbol.asyncDispose]() {
      givingUp.abort(new Error('the start was given up'));
      const plane = await started.catch(() => undefined);
      await plane?.[Symbol.asyncDispose]();
    },
  };
}
