import { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import type { Logger } from 'pino';
import type { Address, TcpAddress } from '../proto/channel/address.ts';
import type { RouteSource } from '../proto/routes/source.ts';
import { type DataFolder, openDataFolder } from './data-folder/data-folder.ts';
import { ControlPlaneError } from './errors.ts';
import { internalSocket, type Parts, startParts } from './parts.ts';
import { pause } from './runtime/instance/back-off.ts';
import { openStore, type Store, type StoreChoice } from './store.ts';

export interface ControlPlaneOptions {
  /** Folder for what this node keeps; made when it is missing. */
  readonly dataDir: string;
  /** Control token; the one in the data folder when left out. */
  readonly token?: string | undefined;
  /** Where internal systems answer, and data planes subscribe; of a node of a cluster, on a Unix socket in the folder. */
  readonly listen: TcpAddress;
  readonly store: StoreChoice;
  /** Where services register themselves as in etcd; nowhere when undefined. */
  readonly registryDoor: TcpAddress | undefined;
  /** What the names of services begin with: "go.micro". */
  readonly namespace: string;
  /** How long an instance may take from its start until it is ready, in milliseconds. */
  readonly readyTimeoutMs: number;
  /** How long calls in flight may go on at an instance that is replaced or killed, in milliseconds. */
  readonly instanceDrainMs: number;
  /** PATH, HOME and LANG for services: all they get of the server's own environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** The same for git and builds, which fetch things, with what leads to credentials and proxies. */
  readonly fetchEnvironment: Readonly<Record<string, string>>;
  /** The git repository in which sources are that are named by a path alone. */
  readonly servicesRepository: string;
  /** Version of the server. */
  readonly version: string;
  /**
   * Called once when the start waits for the other nodes of a cluster of which this one has data. A data plane has something
   * to serve by meanwhile: the last good route table.
   */
  readonly onWaiting?: (waiting: Pick<ControlPlane, 'node' | 'internal'>) => void;
  /** Ends that wait. */
  readonly signal: AbortSignal;
  readonly log: Logger;
}

export interface ControlPlane {
  /** Name of this node. */
  readonly node: string;
  readonly addresses: { readonly control: TcpAddress; readonly registry?: TcpAddress };
  /** Where processes of this machine reach the internal systems. */
  readonly internal: Address;
  /** Resolves when the node cannot go on: it was removed from its cluster. */
  readonly lost: Promise<ControlPlaneError>;
  /** The route table, for a data plane in the same process. */
  readonly routes: RouteSource;
  /** Ends the calls that would follow logs and the registry for ever, so that a data plane need not wait for them. */
  endStreams(): void;
  /** Stops the services that run here, then everything else. */
  stop(): Promise<void>;
}

/** How long a start is left alone after the store went away in the middle of it, in milliseconds. */
const againMs = 500;

/**
 * Starts the control plane. When it returns, what a killed predecessor left behind is gone, and the services that
 * should run are being started.
 *
 * @throws ControlPlaneError when a part cannot be had; nothing is left running then
 */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const { version, environment, signal, log } = options;
  await using started = new AsyncDisposableStack();
  const own = <Part extends { stop(): void | Promise<void> }>(part: Part): Part =>
    started.adopt(part, async (stopping) => stopping.stop());

  const folder = await openDataFolder({ path: options.dataDir, token: options.token });
  started.defer(() => folder.release());
  const { node, path } = folder;
  const onWaiting = () => options.onWaiting?.({ node, internal: internalSocket(path) });
  const choice = options.store;
  const store = own(await openStore({ choice, folder: path, node, version, environment, onWaiting, signal, log }));
  const { server, publisher, door } = own(await startWhileItChanges(options, folder, store));

  const { cluster } = store;
  const control = 'path' in server.address ? options.listen : server.address;
  const running = started.move();
  return {
    node,
    addresses: { control: cluster?.listen ?? control, ...(door && { registry: door.address }) },
    internal: server.address,
    lost: cluster?.lost ?? new Promise(() => undefined),
    routes: publisher,
    endStreams: () => server.endStreams(),
    stop: () => running.disposeAsync(),
  };
}

/** Starts the parts; again when a cluster that answered a moment ago does not, as when its leader has just changed. */
async function startWhileItChanges(options: ControlPlaneOptions, folder: DataFolder, store: Store): Promise<Parts> {
  const { signal, log } = options;
  for (;;) {
    try {
      return await startParts(options, folder, store);
    } catch (error) {
      const isForNow = error instanceof ControlPlaneError && error.code === 'unavailable';
      if (store.cluster === undefined || !isForNow) throw error;
      log.warn({ err: error }, 'the cluster went away while this node started: trying again');
    }
    await pause(againMs, signal);
    signal.throwIfAborted();
  }
}
