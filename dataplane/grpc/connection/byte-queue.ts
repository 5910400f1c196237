/** A piece grows with what there is already, up to this. */
const longestPieceBytes = 16 * 1024;

interface Piece {
  readonly bytes: Buffer;
  start: number;
  end: number;
}

/**
 * Bytes that wait, copied from where they were read. They take the room of twice their number at most, in however small
 * portions they came: a buffer for each would take thirty times as much for DATA of five bytes.
 */
export class ByteQueue {
  readonly #pieces: Piece[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(bytes: Buffer, start: number, end: number): void {
    let at = start;
    const last = this.#pieces.at(-1);
    if (last !== undefined && last.end < last.bytes.length) {
      const copied = bytes.copy(last.bytes, last.end, at, end);
      last.end += copied;
      at += copied;
    }
    if (at < end) this.#add(bytes, at, end);
    this.#length += end - start;
  }

  /** The bytes as they lie, the first ones first, each part as `bytes[start..end)`. */
  get parts(): readonly Readonly<Piece>[] {
    return this.#pieces;
  }

  /** The part that the queue begins with; undefined when it is empty. */
  get first(): Readonly<Piece> | undefined {
    return this.#pieces[0];
  }

  /** @param count of bytes to take from the first part, all of it at most */
  drop(count: number): void {
    const [first] = this.#pieces;
    if (first === undefined) return;
    first.start += count;
    this.#length -= count;
    if (first.start === first.end) this.#pieces.shift();
  }

  clear(): void {
    this.#pieces.length = 0;
    this.#length = 0;
  }

  /** The first piece is as long as what it is for: most requests are of one. */
  #add(bytes: Buffer, start: number, end: number): void {
    const piece = Buffer.allocUnsafe(Math.max(end - start, Math.min(this.#length, longestPieceBytes)));
    this.#pieces.push({ bytes: piece, start: 0, end: bytes.copy(piece, 0, start, end) });
  }
}
