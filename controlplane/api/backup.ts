import { once } from 'node:events';
import type { Etcd3 } from 'etcd3';
import type { Logger } from 'pino';
import type { BackupServer } from '../../proto/gen/micro/cluster/v1/backup.ts';
import { saveSnapshot } from '../backup/save.ts';
import { toServiceError } from './status.ts';

/** The internal system `micro.cluster.v1`, as far as it copies what the store keeps. */
export function backupService({ client, log }: { readonly client: Etcd3; readonly log: Logger }): BackupServer {
  return {
    saveSnapshot(call) {
      const gone = new AbortController();
      call.once('cancelled', () => gone.abort());
      const save = async (): Promise<void> => {
        for (const content of await saveSnapshot(client))
          if (!call.write({ content })) await once(call, 'drain', { signal: gone.signal });
        call.end();
      };
      save().catch((error: unknown) => {
        if (!gone.signal.aborted) call.emit('error', toServiceError(error, log));
      });
    },
  };
}
