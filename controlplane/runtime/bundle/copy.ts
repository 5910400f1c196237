import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, mkdir, open, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { ControlPlaneError } from '../../errors.ts';
import { syncFolder } from '../content-folders.ts';
import type { BundleEntry } from './list.ts';

/** Files copied at the same time. */
const concurrency = 8;

/** Modes in a bundle: read-only, and whether a file may be executed is all that is kept. */
const mode = { folder: 0o555, file: 0o444, executable: 0o555 };

/**
 * Copies a source's entries into a new, empty folder, synced to disk and made read-only, and computes the digest of
 * what was written (not of what was there before or after): SHA-256 over every path, mode and content.
 *
 * @throws ControlPlaneError `invalid` when the files have more than `limitBytes` together
 */
export async function copyEntries(options: {
  readonly from: string;
  readonly to: string;
  readonly entries: readonly BundleEntry[];
  readonly limitBytes: number;
  readonly signal: AbortSignal;
}): Promise<string> {
  const { from, to, entries, limitBytes, signal } = options;
  const described: string[] = [];
  const describe = (...parts: readonly string[]): void => void described.push(parts.join('\0'));

  const folders = entries.filter(({ type }) => type === 'folder').map(({ path }) => path);
  for (const path of folders) {
    await mkdir(join(to, path));
    describe(path, 'folder');
  }

  let bytes = 0;
  const count = (length: number): void => {
    bytes += length;
    if (bytes <= limitBytes) return;
    throw new ControlPlaneError(
      'invalid',
      `${from} holds more than ${size(limitBytes)}; leave out what the service does not need in a .microignore`,
    );
  };
  const copyOne = async (entry: BundleEntry): Promise<void> => {
    signal.throwIfAborted();
    if (entry.type === 'link') {
      await symlink(entry.target, join(to, entry.path));
      describe(entry.path, 'link', entry.target);
    } else if (entry.type === 'file') {
      const { executable, digest } = await copyFile(join(from, entry.path), join(to, entry.path), count);
      describe(entry.path, executable ? 'executable' : 'file', digest);
    }
  };
  // A worker that fails closes the generator, and so ends the others: none may write any more when this throws.
  const queue = (function* () {
    yield* entries;
  })();
  const work = async (): Promise<void> => {
    for (const entry of queue) await copyOne(entry);
  };
  const results = await Promise.allSettled(Array.from({ length: concurrency }, work));
  const failure = results.find((result) => result.status === 'rejected');
  if (failure !== undefined) throw failure.reason;

  for (const path of folders.toReversed()) await seal(join(to, path));
  await seal(to);
  return `sha256:${createHash('sha256').update(described.toSorted().join('\0\0')).digest('hex')}`;
}

async function copyFile(
  from: string,
  to: string,
  count: (length: number) => void,
): Promise<{ executable: boolean; digest: string }> {
  // What was a file when it was listed may be a link or a pipe by now: neither is followed or waited for.
  await using source = await open(from, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  const stat = await source.stat();
  if (!stat.isFile()) {
    throw new ControlPlaneError('invalid', `${from} changed while it was copied; run it again when it is at rest`);
  }
  const executable = (stat.mode & 0o111) !== 0;
  await using target = await open(to, 'wx');
  const hash = createHash('sha256');
  for await (const chunk of source.createReadStream({ autoClose: false }) as AsyncIterable<Buffer>) {
    count(chunk.length);
    hash.update(chunk);
    await target.writeFile(chunk);
  }
  await target.chmod(executable ? mode.executable : mode.file);
  await target.sync();
  return { executable, digest: hash.digest('hex') };
}

/** Makes a folder read-only, and its list of names durable. */
async function seal(folder: string): Promise<void> {
  await chmod(folder, mode.folder);
  await syncFolder(folder);
}

/** "256 MiB"; what is no whole number of MiB in bytes. */
function size(bytes: number): string {
  return bytes % 2 ** 20 === 0 ? `${bytes / 2 ** 20} MiB` : `${bytes} bytes`;
}
