import { type Etcd3, GRPCResourceExhastedError, type IRangeResponse, Range } from 'etcd3';
import { toEntry } from './entry.ts';
import type { Entry } from './mirror.types.ts';

/** Every key under a prefix, as of one revision. */
export interface Listing {
  readonly revision: bigint;
  readonly clusterId: bigint;
  readonly entries: ReadonlyMap<string, Entry>;
}

/** How many keys are asked for at once. */
const pageSize = 1_000;

/**
 * Reads every key under `prefix`, page by page at the revision of the first page.
 * https://etcd.io/docs/v3.6/learning/api/#range
 *
 * @throws ControlPlaneError `unavailable` when the store does not answer
 */
export async function listPrefix(client: Etcd3, prefix: string): Promise<Listing> {
  const { start, end } = Range.prefix(prefix);
  const entries = new Map<string, Entry>();
  let header: IRangeResponse['header'] | undefined;
  let from = start;
  let limit = pageSize;
  for (;;) {
    const query = client.getAll().inRange({ start: from, end }).limit(limit);
    if (header !== undefined) query.revision(header.revision);
    let page: IRangeResponse;
    try {
      page = await query.exec();
    } catch (error) {
      // The page holds more bytes than the client takes in one answer.
      if (limit === 1 || !isTooLarge(error)) throw error;
      limit = Math.ceil(limit / 4);
      continue;
    }
    header ??= page.header;
    for (const pair of page.kvs) {
      const entry = toEntry(pair);
      if (entry !== undefined) entries.set(entry.key, entry);
    }
    const last = page.kvs.at(-1);
    if (!page.more || last === undefined) break;
    from = Buffer.concat([last.key, Buffer.of(0)]);
  }
  return { revision: BigInt(header.revision), clusterId: BigInt(header.cluster_id), entries };
}

/**
 * Asks for the revision the store is at, as its majority has it.
 *
 * @throws ControlPlaneError `unavailable` when the store does not answer
 */
export async function readRevision(client: Etcd3, prefix: string): Promise<Pick<Listing, 'revision' | 'clusterId'>> {
  const { header } = await client.get(prefix).exec();
  return { revision: BigInt(header.revision), clusterId: BigInt(header.cluster_id) };
}

function isTooLarge(error: unknown): boolean {
  return error instanceof Error && error.cause instanceof GRPCResourceExhastedError;
}
