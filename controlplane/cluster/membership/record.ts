import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import * as z from 'zod';
import { ControlPlaneError } from '../../errors.ts';
import { readStored } from '../../runtime/store-json.ts';

const member = z.object({ name: z.string(), peerUrl: z.string() });

const schema = z.object({
  /** "member" once the cluster has answered through the node's etcd: it has data then. */
  stage: z.enum(['forming', 'joining', 'member']),
  self: member,
  /** Whether the cluster was there before. */
  joined: z.boolean(),
  plan: z.object({ clusterName: z.string(), members: z.array(member).readonly() }),
});

/**
 * What a node has committed to. It is written before its etcd is started for the first time, and never to another plan: so
 * that of two plans for the same nodes, however they came to be, one at most finds a majority.
 */
export type MembershipRecord = Readonly<z.infer<typeof schema>>;

/** Where a node keeps it. */
export function recordPath(dataFolder: string): string {
  return join(dataFolder, 'cluster', 'member.json');
}

/** @throws ControlPlaneError `failed` when it is there and cannot be understood */
export async function readRecord(path: string): Promise<MembershipRecord | undefined> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const stored = readStored(schema, text);
  if ('value' in stored) return stored.value;
  throw new ControlPlaneError(
    'failed',
    `${path}, which tells of which cluster this node is, is damaged (${stored.fault}): write its old content back, or ` +
      'remove the node from its cluster, and the folder of the file',
  );
}

export async function writeRecord(path: string, record: MembershipRecord): Promise<void> {
  await writeFileAtomic(path, `${JSON.stringify(record, undefined, 2)}\n`, { mode: 0o600 });
}
