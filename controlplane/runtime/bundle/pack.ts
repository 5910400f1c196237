import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { ControlPlaneError } from '../../errors.ts';
import { type ListOptions, listSource } from './list.ts';
import type { BundlePart } from './part.ts';

/**
 * Reads a source, without what is ignored in it.
 *
 * @throws ControlPlaneError `invalid`, naming the entry, when the source holds what no bundle can, or changes meanwhile
 */
export async function* packFolder(root: string, options: ListOptions): AsyncGenerator<BundlePart> {
  for (const entry of await listSource(root, options)) {
    if (entry.type === 'file') yield* packFile(root, entry.path);
    else yield entry;
  }
}

async function* packFile(root: string, path: string): AsyncGenerator<BundlePart> {
  // What was a file when it was listed may be a link or a pipe by now: neither is followed or waited for.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  await using file = await open(join(root, path), flags);
  const stat = await file.stat();
  if (!stat.isFile()) {
    const message = `${join(root, path)} changed while it was read; run it again when it is at rest`;
    throw new ControlPlaneError('invalid', message);
  }
  yield { type: 'file', path, executable: (stat.mode & 0o111) !== 0 };
  for await (const bytes of file.createReadStream({ autoClose: false }) as AsyncIterable<Buffer>) {
    yield { type: 'content', bytes };
  }
}
