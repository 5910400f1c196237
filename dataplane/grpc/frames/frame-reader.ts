import { ConnectionError, ErrorCode, frameHeaderBytes, maxFrameBytes } from './protocol.ts';

/**
 * Gets each frame. Its payload is `bytes[start..end)`, which is good until this returns.
 *
 * @returns false to be given no more
 */
export type OnFrame = (
  type: number,
  flags: number,
  streamId: number,
  bytes: Buffer,
  start: number,
  end: number,
) => boolean;

/** Finds the frames in the bytes of a connection (RFC 9113 section 4.1). Those that came whole are not copied. */
export class FrameReader {
  readonly #onFrame: OnFrame;
  /** The beginning of a frame that is not whole. */
  #begun: Buffer | undefined;
  #begunBytes = 0;

  constructor(onFrame: OnFrame) {
    this.#onFrame = onFrame;
  }

  /** @throws ConnectionError for a frame larger than was agreed */
  read(bytes: Buffer, length: number): void {
    let at = 0;
    while (this.#begun !== undefined) {
      at = this.#readOn(this.#begun, bytes, at, length);
      if (at < 0) return;
    }
    while (length - at >= frameHeaderBytes) {
      const end = at + frameHeaderBytes + payloadBytes(bytes, at);
      if (end > length) break;
      if (!this.#give(bytes, at, end)) return;
      at = end;
    }
    if (at === length) return;
    this.#begun = Buffer.allocUnsafe(frameHeaderBytes + maxFrameBytes);
    this.#begunBytes = bytes.copy(this.#begun, 0, at, length);
  }

  /** @returns where the frame that was begun ends in `bytes`; -1 where nothing is to be read any more for now */
  #readOn(begun: Buffer, bytes: Buffer, at: number, length: number): number {
    let from = at;
    if (this.#begunBytes < frameHeaderBytes) from = this.#fill(begun, frameHeaderBytes, bytes, from, length);
    if (this.#begunBytes < frameHeaderBytes) return -1;
    const end = frameHeaderBytes + payloadBytes(begun, 0);
    from = this.#fill(begun, end, bytes, from, length);
    if (this.#begunBytes < end) return -1;
    this.#begun = undefined;
    this.#begunBytes = 0;
    return this.#give(begun, 0, end) ? from : -1;
  }

  #fill(begun: Buffer, upTo: number, bytes: Buffer, at: number, length: number): number {
    const taken = bytes.copy(begun, this.#begunBytes, at, Math.min(length, at + upTo - this.#begunBytes));
    this.#begunBytes += taken;
    return at + taken;
  }

  #give(bytes: Buffer, at: number, end: number): boolean {
    // The first bit of the identifier is reserved.
    const streamId =
      (((bytes[at + 5] as number) & 0x7f) << 24) |
      ((bytes[at + 6] as number) << 16) |
      ((bytes[at + 7] as number) << 8) |
      (bytes[at + 8] as number);
    return this.#onFrame(bytes[at + 3] as number, bytes[at + 4] as number, streamId, bytes, at + frameHeaderBytes, end);
  }
}

function payloadBytes(bytes: Buffer, at: number): number {
  const length = ((bytes[at] as number) << 16) | ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number);
  if (length > maxFrameBytes)
    throw new ConnectionError(ErrorCode.frameSizeError, `a frame of ${length} bytes is more than ${maxFrameBytes}`);
  return length;
}
