import type { Etcd3 } from 'etcd3';
import { listPrefix } from '../etcd/client/listing.ts';
import { allInstancesPrefix } from '../runtime/keys.ts';
import { writeSnapshot } from './snapshot-file.ts';

/** What all keys of micro server begin with. */
const everything = '/micro/';

/**
 * The snapshot file of what has to survive: not what is there for as long as somebody is (keys under leases), nor what nodes
 * ran when it was taken.
 *
 * @throws ControlPlaneError `unavailable` when the store does not answer
 */
export async function saveSnapshot(client: Etcd3): Promise<Iterable<Buffer>> {
  const { entries, clusterId, revision } = await listPrefix(client, everything);
  const lasting = [...entries.values()].filter(({ key, isLeased }) => !isLeased && !key.startsWith(allInstancesPrefix));
  return writeSnapshot({ clusterId, revision, savedAt: new Date() }, lasting);
}
