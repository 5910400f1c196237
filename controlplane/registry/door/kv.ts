import type { KVServer } from '../../etcd/gen/rpc.ts';
import { checkRead, checkTxn, checkWrite } from './access.ts';
import { deny, forward } from './forward.ts';
import type { Upstream } from './upstream.ts';

const oneKey = Buffer.alloc(0);

/** etcd's KV service, for keys of the registry. */
export function kvService(upstream: Upstream): KVServer {
  return {
    range: forward(upstream, ({ kv }, ...call) => kv.range(...call), checkRead),
    put: forward(
      upstream,
      ({ kv }, ...call) => kv.put(...call),
      ({ key }) => checkWrite({ key, rangeEnd: oneKey }),
    ),
    deleteRange: forward(upstream, ({ kv }, ...call) => kv.deleteRange(...call), checkWrite),
    txn: forward(upstream, ({ kv }, ...call) => kv.txn(...call), checkTxn),
    compact: deny('KV.Compact'),
  };
}
