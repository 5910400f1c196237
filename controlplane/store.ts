import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Etcd3 } from 'etcd3';
import type { Logger } from 'pino';
import { type Address, formatAddress, type TcpAddress } from '../proto/channel/address.ts';
import type { ChannelTls } from '../proto/channel/client.ts';
import { StoreMode } from '../proto/gen/micro/cluster/v1/cluster.ts';
import { recordPath } from './cluster/membership/record.ts';
import type { ManagedChoice } from './cluster/managed-store.ts';
import type { ClusterNodes } from './cluster/roster.ts';
import { ControlPlaneError } from './errors.ts';
import { connectEtcd } from './etcd/client/connect.ts';

/** Which etcd keeps the state: one inside this process, one that somebody else runs, or that of a cluster of nodes. */
export type StoreChoice = 'embedded' | { readonly endpoints: readonly TcpAddress[] } | ManagedChoice;

/** Where the embedded etcd keeps its state, and answers, in the data folder. */
export const embeddedFolder = 'etcd';
export const embeddedSocket = 'etcd.sock';

/** The store of a control plane, whatever keeps it. */
export interface Store {
  readonly mode: StoreMode;
  /** Where it answers. */
  readonly endpoints: readonly Address[];
  /** How it and its clients know each other; undefined when they do not. */
  readonly tls?: ChannelTls;
  readonly client: Etcd3;
  /** The cluster of nodes that keeps it. */
  readonly cluster?: Cluster;
  stop(): Promise<void>;
}

/** This node's place in a cluster of nodes. */
export interface Cluster {
  readonly nodes: ClusterNodes;
  /** Where the other nodes are answered. */
  readonly listen: TcpAddress;
  /** What they reach it at: "host:port". */
  readonly address: string;
  /** Resolves when this node is no part of the cluster any more. */
  readonly lost: Promise<ControlPlaneError>;
}

export interface StoreOptions {
  readonly choice: StoreChoice;
  /** Data folder. */
  readonly folder: string;
  /** Name of this node. */
  readonly node: string;
  /** Version of the server. */
  readonly version: string;
  /** PATH and HOME for an etcd of our own. */
  readonly environment: Readonly<Record<string, string>>;
  /** Called once when the cluster of which this node has data does not answer at once. */
  readonly onWaiting: () => void;
  /** Ends the wait for a cluster. */
  readonly signal: AbortSignal;
  readonly log: Logger;
}

/**
 * Opens the store.
 *
 * @throws ControlPlaneError `conflict` when the data folder holds the state of another kind of store
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { choice } = options;
  if (choice === 'embedded') return openEmbedded(options);
  if ('endpoints' in choice) {
    const client = connectEtcd({ hosts: choice.endpoints.map(formatAddress) });
    return {
      mode: StoreMode.STORE_MODE_EXTERNAL,
      endpoints: choice.endpoints,
      client,
      stop: async () => client.close(),
    };
  }
  if (existsSync(join(options.folder, embeddedFolder))) {
    throw new ControlPlaneError(
      'conflict',
      `${options.folder} holds the state of a server that is alone, which a cluster does not take over: start it without ` +
        '--nodes, or name another folder with --data-dir',
    );
  }
  // Not loaded for a store of another kind.
  const { startManagedStore } = await import('./cluster/managed-store.ts');
  return startManagedStore({ ...options, choice, dataFolder: options.folder });
}

async function openEmbedded({ folder, log }: StoreOptions): Promise<Store> {
  if (existsSync(recordPath(folder))) {
    throw new ControlPlaneError(
      'conflict',
      `${folder} is that of a node of a cluster: start it with --nodes, or name another folder with --data-dir`,
    );
  }
  // Not loaded for an external store: it brings LMDB along.
  const { startEmbeddedEtcd } = await import('./etcd/embedded/embedded-etcd.ts');
  const socketPath = join(folder, embeddedSocket);
  const embedded = await startEmbeddedEtcd({ folder: join(folder, embeddedFolder), socketPath, log });
  const client = connectEtcd({ hosts: [`unix:${socketPath}`] });
  return {
    mode: StoreMode.STORE_MODE_EMBEDDED,
    endpoints: [{ path: socketPath }],
    client,
    async stop() {
      client.close();
      await embedded.stop();
    },
  };
}
