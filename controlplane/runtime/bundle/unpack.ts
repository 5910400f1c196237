import { chmod, type FileHandle, mkdir, open, realpath, symlink } from 'node:fs/promises';
import { isAbsolute, join, relative, sep } from 'node:path';
import { ControlPlaneError } from '../../errors.ts';
import { syncFolder } from '../content-folders.ts';
import { BundleDigest } from './digest.ts';
import type { BundlePart } from './part.ts';

/** Files written to disk at the same time. */
const concurrency = 8;

/** Modes in a bundle: read-only, and whether a file may be executed is all that is kept. */
const mode = { folder: 0o555, file: 0o444, executable: 0o555 };

/**
 * Writes the parts of a bundle into a new, empty folder, synced to disk and made read-only. Whoever sent them is not
 * trusted: nothing is written outside of the folder, and no link leads out of it.
 *
 * @returns the digest of what was written
 * @throws ControlPlaneError `invalid`, naming the part that is refused
 */
export async function unpack(parts: AsyncIterable<BundlePart>, to: string, signal: AbortSignal): Promise<string> {
  const digest = new BundleDigest();
  const taken = new Set<string>();
  const folders = new Set(['']);
  const links: string[] = [];
  const files = new FileWriter();
  try {
    for await (const part of parts) {
      signal.throwIfAborted();
      digest.add(part);
      if (part.type === 'content') {
        await files.write(part.bytes);
        continue;
      }
      const { path } = part;
      checkPath(path, folders);
      if (taken.has(path)) throw refused(path, 'comes twice');
      taken.add(path);
      if (part.type === 'folder') {
        await mkdir(join(to, path));
        folders.add(path);
      } else if (part.type === 'link') {
        if (isAbsolute(part.target) || part.target === '' || part.target.includes('\0')) {
          throw refused(path, `is a link to ${JSON.stringify(part.target)}, which no bundle can hold`);
        }
        await symlink(part.target, join(to, path));
        links.push(path);
      } else await files.begin(join(to, path), part.executable ? mode.executable : mode.file);
    }
  } finally {
    // Nothing may be written any more when this is over, however it ends.
    await files.end();
  }
  for (const path of links) await checkLink(to, path);
  for (const path of [...folders].toReversed()) await seal(join(to, path));
  return digest.value();
}

/** Writes one file after the other, and lets some of them reach the disk meanwhile. */
class FileWriter {
  readonly #closing = new Set<Promise<void>>();
  #failure: unknown;
  #current: { readonly handle: FileHandle; readonly mode: number } | undefined;

  async begin(path: string, mode: number): Promise<void> {
    await this.#finish();
    this.#current = { handle: await open(path, 'wx'), mode };
  }

  async write(bytes: Buffer): Promise<void> {
    if (this.#current === undefined)
      throw new ControlPlaneError('invalid', 'the bundle begins with content of no file');
    await this.#current.handle.writeFile(bytes);
  }

  async end(): Promise<void> {
    await this.#finish();
    await Promise.all(this.#closing);
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #finish(): Promise<void> {
    const file = this.#current;
    if (file === undefined) return;
    this.#current = undefined;
    const close = async (): Promise<void> => {
      try {
        await using handle = file.handle;
        await handle.chmod(file.mode);
        await handle.sync();
      } catch (error) {
        this.#failure ??= error;
      }
    };
    const closing = close().finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
    if (this.#closing.size >= concurrency) await Promise.race(this.#closing);
  }
}

/** A path is taken whose folder was made before: so it leads neither out of the bundle nor through a link. */
function checkPath(path: string, folders: ReadonlySet<string>): void {
  const end = path.lastIndexOf('/');
  const name = path.slice(end + 1);
  if (name === '' || name === '.' || name === '..' || path.includes('\0') || Buffer.byteLength(name) > 255) {
    throw refused(path, 'is no path of a file');
  }
  if (end === 0 || !folders.has(path.slice(0, Math.max(0, end))))
    throw refused(path, 'lies in no folder of the bundle');
}

async function checkLink(root: string, path: string): Promise<void> {
  const end = await realpath(join(root, path)).catch(() => undefined);
  if (end === undefined) throw refused(path, 'is a link that leads to nothing');
  const inside = relative(root, end);
  if (inside === '..' || inside.startsWith(`..${sep}`)) throw refused(path, 'is a link that leads out of the bundle');
}

function refused(path: string, fault: string): ControlPlaneError {
  return new ControlPlaneError('invalid', `the bundle is refused: ${JSON.stringify(path.slice(0, 200))} ${fault}`);
}

/** Makes a folder read-only, and its list of names durable. */
async function seal(folder: string): Promise<void> {
  await chmod(folder, mode.folder);
  await syncFolder(folder);
}
