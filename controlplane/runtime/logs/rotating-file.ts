import { type FileHandle, mkdir, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

/** The paths that a log is kept under, newest first: `1.log`, `1.log.1`, `1.log.2`. */
export function rotatedPaths(path: string, files: number): readonly string[] {
  return Array.from({ length: files }, (_, age) => (age === 0 ? path : `${path}.${age}`));
}

/** A file that is appended to; when it has reached `maxBytes` it is set aside, and the oldest of `files` is dropped. */
export class RotatingFile {
  readonly #path: string;
  readonly #maxBytes: number;
  readonly #files: number;
  #open: { readonly handle: FileHandle; bytes: number } | undefined;
  /** Ends when everything asked for so far is done, so that appends follow one another. */
  #last: Promise<void> = Promise.resolve();

  constructor(options: { readonly path: string; readonly maxBytes: number; readonly files: number }) {
    this.#path = options.path;
    this.#maxBytes = options.maxBytes;
    this.#files = options.files;
  }

  append(text: string): Promise<void> {
    return this.#next(async () => {
      const file = await this.#current();
      const data = Buffer.from(text);
      await file.handle.appendFile(data);
      file.bytes += data.length;
    });
  }

  close(): Promise<void> {
    return this.#next(async () => {
      await this.#open?.handle.close();
      this.#open = undefined;
    });
  }

  #next(work: () => Promise<void>): Promise<void> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined);
    return result;
  }

  async #current(): Promise<{ readonly handle: FileHandle; bytes: number }> {
    if (this.#open !== undefined && this.#open.bytes >= this.#maxBytes) {
      await this.#open.handle.close();
      this.#open = undefined;
      await this.#rotate();
    }
    if (this.#open === undefined) {
      await mkdir(dirname(this.#path), { recursive: true });
      const handle = await open(this.#path, 'a', 0o600);
      this.#open = { handle, bytes: (await handle.stat()).size };
    }
    return this.#open;
  }

  async #rotate(): Promise<void> {
    const paths = rotatedPaths(this.#path, this.#files).toReversed();
    for (const [index, newer] of paths.slice(1).entries()) {
      await rename(newer, paths[index] ?? newer).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
      });
    }
  }
}
