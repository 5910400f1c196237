import { join } from 'node:path';
import type { Etcd3 } from 'etcd3';
import type { Logger } from 'pino';
import { type Address, formatAddress, type TcpAddress } from '../proto/channel/address.ts';
import { StoreMode } from '../proto/gen/micro/cluster/v1/cluster.ts';
import { connectEtcd } from './etcd/client/connect.ts';

/** Which etcd keeps the state: one inside this process, or one that somebody else runs. */
export type StoreChoice = 'embedded' | { readonly endpoints: readonly TcpAddress[] };

/** Where the embedded etcd keeps its state, and answers, in the data folder. */
export const embeddedFolder = 'etcd';
export const embeddedSocket = 'etcd.sock';

/** The store of a control plane, whatever keeps it. */
export interface Store {
  readonly mode: StoreMode;
  /** Where it answers. */
  readonly endpoints: readonly Address[];
  readonly client: Etcd3;
  stop(): Promise<void>;
}

/**
 * Opens the store.
 *
 * @param options.folder data folder, for the embedded one
 */
export async function openStore(options: { choice: StoreChoice; folder: string; log: Logger }): Promise<Store> {
  const { choice, folder, log } = options;
  if (choice !== 'embedded') {
    const client = connectEtcd({ hosts: choice.endpoints.map(formatAddress) });
    return {
      mode: StoreMode.STORE_MODE_EXTERNAL,
      endpoints: choice.endpoints,
      client,
      stop: async () => client.close(),
    };
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
