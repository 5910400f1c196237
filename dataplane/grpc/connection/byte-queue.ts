/** What short pieces are gathered in, once there are many. */
const chunkBytes = 4_096;

const nothing = Buffer.alloc(0);

/**
 * Bytes that wait, the oldest first. Short pieces are put together: one by one, each would cost many times its size, and what
 * a window allows would not bound what it takes to hold it.
 */
export class ByteQueue {
  /** The first `#head` bytes of the first chunk are gone, and of the last chunk the first `#tail` are filled. */
  readonly #chunks: Buffer[] = [];
  #head = 0;
  #tail = 0;
  #length = 0;

  /** How many bytes wait. */
  get length(): number {
    return this.#length;
  }

  /** Takes a copy of `bytes[start..end)`. */
  push(bytes: Buffer, start: number, end: number): void {
    let at = start;
    const last = this.#chunks.at(-1);
    if (last !== undefined && this.#tail < last.length) {
      const taken = bytes.copy(last, this.#tail, at, end);
      this.#tail += taken;
      at += taken;
    }
    // Most often there is but one piece: only behind it is room made for more.
    const room = Math.min(this.#length, chunkBytes);
    this.#length += end - start;
    if (at === end) return;
    const chunk = Buffer.allocUnsafe(Math.max(room, end - at));
    this.#tail = bytes.copy(chunk, 0, at, end);
    this.#chunks.push(chunk);
  }

  /** Bytes that wait, from the first on: as many as lie together. */
  first(): Buffer {
    const [chunk = nothing] = this.#chunks;
    return chunk.subarray(this.#head, this.#chunks.length > 1 ? chunk.length : this.#tail);
  }

  /** All bytes that wait, which stay. */
  pieces(): Buffer[] {
    return this.#chunks.map((chunk, index) =>
      chunk.subarray(index === 0 ? this.#head : 0, index === this.#chunks.length - 1 ? this.#tail : chunk.length),
    );
  }

  /** The first bytes are gone; at most as many as `first` has. */
  shift(bytes: number): void {
    this.#length -= bytes;
    this.#head += bytes;
    if (this.#length > 0 && this.#head < (this.#chunks[0] as Buffer).length) return;
    this.#chunks.shift();
    this.#head = 0;
    if (this.#chunks.length === 0) this.#tail = 0;
  }

  clear(): void {
    this.#chunks.length = 0;
    this.#head = 0;
    this.#tail = 0;
    this.#length = 0;
  }
}
