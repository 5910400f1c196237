import type { Etcd3 } from 'etcd3';
import type { Logger } from 'pino';
import * as z from 'zod';
import { instancesPrefix } from '../keys.ts';
import { readStored } from '../store-json.ts';

const schema = z.object({
  service: z.string(),
  number: z.int().positive(),
  version: z.string(),
  state: z.enum(['starting', 'ready', 'backing-off', 'crash-looping', 'stopping']),
  reason: z.string(),
  restarts: z.int().nonnegative(),
  /** "host:port"; empty until it is started. */
  address: z.string(),
  process: z
    .object({
      pid: z.int().positive(),
      /** With the boot it counts from: the next process that gets the number does not have the same. */
      startTicks: z.int().nonnegative(),
      bootId: z.string(),
    })
    .optional(),
});

/** What a node says in the store of one instance that it runs. */
export type InstanceRecord = Readonly<z.infer<typeof schema>>;

/** The records of this node. */
export interface InstanceRecords {
  put(record: InstanceRecord): Promise<void>;
  remove(service: string, number: number): Promise<void>;
  list(): Promise<readonly InstanceRecord[]>;
}

export function openInstanceRecords(options: {
  readonly client: Etcd3;
  readonly node: string;
  readonly log: Logger;
}): InstanceRecords {
  const { client, node, log } = options;
  const prefix = instancesPrefix(node);
  return {
    async put(record) {
      await client.put(`${prefix}${record.service}/${record.number}`).value(JSON.stringify(record)).exec();
    },
    async remove(service, number) {
      await client.delete().key(`${prefix}${service}/${number}`).exec();
    },
    async list() {
      const entries = Object.entries(await client.getAll().prefix(prefix).strings());
      return entries.flatMap(([key, text]) => {
        const stored = readStored(schema, text);
        if ('value' in stored) return stored.value;
        log.warn({ key, fault: stored.fault }, 'the store holds a malformed instance record; it is passed over');
        return [];
      });
    },
  };
}
