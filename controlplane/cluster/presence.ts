import type { Etcd3 } from 'etcd3';
import type { Logger } from 'pino';
import * as z from 'zod';
import type { Mirror } from '../etcd/client/mirror.types.ts';
import { keepAlive } from '../registry/keep-alive.ts';
import { LeasedKey } from '../registry/leased-key.ts';
import { readStored } from '../runtime/store-json.ts';

/** Where each live node is kept: this, then its name. */
const nodesPrefix = '/micro/cluster/nodes/';

/** A node that does not renew its key is taken for dead after so long. */
const ttlSeconds = 10;

const schema = z.object({
  node: z.string(),
  /** Of its control listener, as the other nodes reach it: "host:port". Empty when they do not. */
  address: z.string(),
  /** Version of micro server. */
  version: z.string(),
  startedUnixMs: z.int().nonnegative(),
});

/** What a live node says of itself in the store. */
export type LiveNode = Readonly<z.infer<typeof schema>>;

/**
 * Says in the store that this node lives, until `stop()`.
 *
 * @throws ControlPlaneError `unavailable` when the store does not answer
 */
export async function startPresence(options: {
  readonly client: Etcd3;
  readonly self: LiveNode;
  readonly log: Logger;
}): Promise<{ stop(): Promise<void> }> {
  const { client, self, log } = options;
  const key = new LeasedKey({ client, log, key: `${nodesPrefix}${self.node}` });
  const value = Buffer.from(JSON.stringify(self));
  const hold = () => key.hold(value, ttlSeconds);
  await hold();
  const stopping = new AbortController();
  const renewal = keepAlive(hold, { ttlSeconds, signal: stopping.signal, log });
  return {
    async stop() {
      stopping.abort();
      await renewal;
      // It goes with its lease when the store is away.
      await key.release().catch((error: unknown) => log.debug({ err: error }, 'this node could not be deregistered'));
    },
  };
}

/** The nodes that live, sorted by name, as the store had it last. */
export function liveNodes(mirror: Pick<Mirror, 'list'>): readonly LiveNode[] {
  return mirror.list(nodesPrefix).flatMap(({ value }) => {
    const stored = readStored(schema, value.toString());
    return 'value' in stored ? [stored.value] : [];
  });
}
