import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import * as z from 'zod';
import { ControlPlaneError } from '../errors.ts';

/**
 * A snapshot file is lines of JSON: what it is of, a line for each key in key order, and a last line that tells whether the
 * lines before it are whole.
 *
 *     {"format":"micro-server/snapshot","version":1,"clusterId":"7f…","revision":"42","savedAt":"2026-01-31T12:00:00.000Z"}
 *     {"key":"/micro/runtime/deployments/go.micro.api.greeter","value":"eyJzZXJ2aWNlIjoi…"}
 *     {"entries":1,"sha256":"9f86d0…"}
 *
 * Ids and revisions are decimal text, values base64. It says nothing of how the store keeps them, so that what one kind of
 * store has can be restored into another.
 */
export interface SnapshotHead {
  /** Of the store that it was taken of. */
  readonly clusterId: bigint;
  readonly revision: bigint;
  readonly savedAt: Date;
}

export interface SnapshotEntry {
  readonly key: string;
  readonly value: Buffer;
}

const format = 'micro-server/snapshot';
const version = 1;

const decimal = z
  .string()
  .regex(/^\d{1,20}$/)
  .transform(BigInt);
const headSchema = z.object({
  format: z.literal(format),
  version: z.int(),
  clusterId: decimal,
  revision: decimal,
  savedAt: z.iso.datetime().transform((text) => new Date(text)),
});
const entrySchema = z.object({ key: z.string().min(1), value: z.base64() });
const endSchema = z.object({ entries: z.int(), sha256: z.string() });

/** The lines of a snapshot file. */
export function* writeSnapshot(head: SnapshotHead, entries: Iterable<SnapshotEntry>): Generator<Buffer> {
  const hash = createHash('sha256');
  const line = (content: object): Buffer => {
    const bytes = Buffer.from(`${JSON.stringify(content)}\n`);
    hash.update(bytes);
    return bytes;
  };
  const { clusterId, revision, savedAt } = head;
  yield line({ format, version, clusterId: String(clusterId), revision: String(revision), savedAt });
  let count = 0;
  for (const { key, value } of entries) {
    yield line({ key, value: value.toString('base64') });
    count += 1;
  }
  yield Buffer.from(`${JSON.stringify({ entries: count, sha256: hash.digest('hex') })}\n`);
}

/**
 * Reads a whole snapshot.
 *
 * @param file path
 * @throws ControlPlaneError `invalid` when it cannot be read, is no snapshot, of a newer format, or not whole
 */
export async function readSnapshot(
  file: string,
): Promise<{ readonly head: SnapshotHead; readonly entries: readonly SnapshotEntry[] }> {
  const hash = createHash('sha256');
  const entries: SnapshotEntry[] = [];
  let head: SnapshotHead | undefined;
  let isWhole = false;
  for await (const line of linesOf(file)) {
    if (isWhole) throw damaged(file, 'something follows its last line');
    const content = parse(line);
    if (head === undefined) head = readHead(file, content);
    else {
      const entry = entrySchema.safeParse(content);
      const end = endSchema.safeParse(content);
      if (entry.success) entries.push({ key: entry.data.key, value: Buffer.from(entry.data.value, 'base64') });
      else if (!end.success) throw damaged(file, `line ${entries.length + 2} cannot be read`);
      else if (end.data.entries !== entries.length || end.data.sha256 !== hash.digest('hex'))
        throw damaged(file, 'it is not as it was written');
      else isWhole = true;
    }
    if (!isWhole) hash.update(`${line}\n`);
  }
  if (head === undefined) throw damaged(file, 'it is empty');
  if (!isWhole) throw damaged(file, 'its end is missing');
  return { head, entries };
}

async function* linesOf(file: string): AsyncGenerator<string> {
  const input = createReadStream(file);
  try {
    yield* createInterface({ input });
  } catch (error) {
    throw new ControlPlaneError('invalid', `${file} cannot be read: ${(error as Error).message}`, { cause: error });
  } finally {
    input.destroy();
  }
}

function readHead(file: string, content: unknown): SnapshotHead {
  const result = headSchema.safeParse(content);
  if (!result.success) throw new ControlPlaneError('invalid', `${file} is no snapshot of micro server`);
  const { data } = result;
  if (data.version !== version) {
    throw new ControlPlaneError(
      'invalid',
      `${file} is a snapshot of format ${data.version}, and this micro server reads ${version}: use the version that wrote it`,
    );
  }
  return data;
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function damaged(file: string, why: string): ControlPlaneError {
  return new ControlPlaneError('invalid', `the snapshot ${file} is damaged: ${why}; nothing was restored`);
}
