import { createHash, type Hash } from 'node:crypto';
import type { BundlePart } from './part.ts';

/** The digest of a bundle: SHA-256 over every path, with its mode and content, whatever order they come in. */
export class BundleDigest {
  readonly #described: string[] = [];
  #file: { readonly path: string; readonly mode: string; readonly hash: Hash } | undefined;

  add(part: BundlePart): void {
    if (part.type === 'content') {
      this.#file?.hash.update(part.bytes);
      return;
    }
    this.#endFile();
    if (part.type === 'folder') this.#describe(part.path, 'folder');
    else if (part.type === 'link') this.#describe(part.path, 'link', part.target);
    else this.#file = { path: part.path, mode: part.executable ? 'executable' : 'file', hash: createHash('sha256') };
  }

  /** "sha256:…" of what was added. */
  value(): string {
    this.#endFile();
    return `sha256:${createHash('sha256').update(this.#described.toSorted().join('\0\0')).digest('hex')}`;
  }

  #endFile(): void {
    if (this.#file !== undefined) this.#describe(this.#file.path, this.#file.mode, this.#file.hash.digest('hex'));
    this.#file = undefined;
  }

  #describe(...words: readonly string[]): void {
    this.#described.push(words.join('\0'));
  }
}

/** The digest that a bundle of these parts has. */
export async function digestOf(parts: AsyncIterable<BundlePart>): Promise<string> {
  const digest = new BundleDigest();
  for await (const part of parts) digest.add(part);
  return digest.value();
}
