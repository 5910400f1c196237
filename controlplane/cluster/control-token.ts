import type { Etcd3 } from 'etcd3';

const key = '/micro/cluster/token';

/**
 * The control token of the cluster, which all its nodes take: the one that is in the store, or this node's own if there is
 * none yet.
 *
 * @throws ControlPlaneError `unavailable` when the store does not answer
 */
export async function shareControlToken(client: Etcd3, own: string): Promise<string> {
  const { succeeded } = await client.if(key, 'Create', '==', 0).then(client.put(key).value(own)).commit();
  if (succeeded) return own;
  return (await client.get(key).string()) ?? own;
}
