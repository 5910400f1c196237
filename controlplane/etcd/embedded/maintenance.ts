import { stat } from 'node:fs/promises';
import { AlarmRequest_AlarmAction, type MaintenanceServer } from '../gen/rpc.ts';
import { refusal } from './errors.ts';
import { headerOf, type ServiceOptions, toStatus, unary, unimplemented } from './rpc.ts';
import { streamSnapshot } from './snapshot.ts';

/** The etcd whose API this server speaks; clients decide by it what they may ask for. */
const apiVersion = '3.4.0';

/** etcd's Maintenance service: https://etcd.io/docs/v3.6/dev-guide/api_reference_v3/ */
export function maintenanceService({ store, log }: ServiceOptions): MaintenanceServer {
  return {
    status: unary(log, async () => {
      const { memberId, raftTerm } = store.identity;
      const { size } = await stat(store.path);
      return {
        header: headerOf(store),
        version: apiVersion,
        dbSize: BigInt(size),
        dbSizeInUse: store.bytesInUse,
        leader: memberId,
        raftTerm,
        raftIndex: store.revision,
        raftAppliedIndex: store.revision,
        errors: [],
        isLearner: false,
      };
    }),
    snapshot: (call) => {
      streamSnapshot(store, call).catch((error: unknown) => call.emit('error', toStatus(log, call.getPath(), error)));
    },
    // A full disk shows in the answer to each write and passes by itself: no alarm is ever raised.
    alarm: unary(log, ({ action }) => {
      if (action !== AlarmRequest_AlarmAction.Get) throw refusal('noAlarms');
      return { header: headerOf(store), alarms: [] };
    }),
    // LMDB uses the pages again that compaction freed.
    defragment: unary(log, () => ({ header: headerOf(store) })),
    hash: unimplemented('Maintenance.Hash'),
    hashKv: unimplemented('Maintenance.HashKV'),
    moveLeader: unimplemented('Maintenance.MoveLeader'),
    downgrade: unimplemented('Maintenance.Downgrade'),
  };
}
