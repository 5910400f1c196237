import { ConnectionError, ErrorCode, Flag, FrameType, frameHeaderBytes, maxFrameBytes } from './protocol.ts';

/** Payloads that are joined: those of small messages. To move larger ones would cost more than it saves. */
const shortestJoined = 5;
const longestJoined = 255;

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

/**
 * Finds the frames in the bytes of a connection (RFC 9113 section 4.1). Those that came whole are not copied. Short DATA
 * frames of one stream that follow each other are given as one: how DATA is cut into frames has no meaning (section 6.1), and
 * what is to be done for a frame costs far more than what one of a small message carries.
 */
export class FrameReader {
  readonly #onFrame: OnFrame;
  /** The beginning of a frame that is not whole. */
  #begun: Buffer | undefined;
  #begunBytes = 0;
  /** Behind the frames that were joined. */
  #joinedEnd = 0;

  constructor(onFrame: OnFrame) {
    this.#onFrame = onFrame;
  }

  /**
   * @param bytes may be written over up to `length`
   * @throws ConnectionError for a frame larger than was agreed
   */
  read(bytes: Buffer, length: number): void {
    let at = 0;
    while (this.#begun !== undefined) {
      at = this.#readOn(this.#begun, bytes, at, length);
      if (at < 0) return;
    }
    while (length - at >= frameHeaderBytes) {
      const end = at + frameHeaderBytes + payloadBytes(bytes, at);
      if (end > length) break;
      if (isJoinable(bytes, at)) {
        const joinedPayloads = this.#join(bytes, at, end, length);
        if (!this.#give(bytes, at, joinedPayloads)) return;
        at = this.#joinedEnd;
      } else {
        if (!this.#give(bytes, at, end)) return;
        at = end;
      }
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

  /**
   * Moves the payloads of the frames behind one to that of the first, over the heads in between.
   *
   * @param at where the first frame begins
   * @param end where it ends
   * @returns where the payloads end now; the frames that they were of end at `joinedEnd`
   */
  #join(bytes: Buffer, at: number, end: number, length: number): number {
    const most = at + frameHeaderBytes + maxFrameBytes;
    let to = end;
    let next = end;
    while (length - next >= frameHeaderBytes && isJoinable(bytes, next) && isSameStream(bytes, at, next)) {
      const payloadEnd = next + frameHeaderBytes + (bytes[next + 2] as number);
      const from = next + frameHeaderBytes;
      if (payloadEnd > length || to + payloadEnd - from > most) break;
      for (let index = from; index < payloadEnd; index += 1, to += 1) bytes[to] = bytes[index] as number;
      next = payloadEnd;
    }
    this.#joinedEnd = next;
    return to;
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

/** Whether a frame is short DATA, with neither padding nor END_STREAM. Those that carry no message are counted one by one. */
function isJoinable(bytes: Buffer, at: number): boolean {
  return (
    (bytes[at + 3] as number) === FrameType.data &&
    (bytes[at + 4] as number) === Flag.none &&
    bytes[at] === 0 &&
    bytes[at + 1] === 0 &&
    (bytes[at + 2] as number) >= shortestJoined &&
    (bytes[at + 2] as number) <= longestJoined
  );
}

function isSameStream(bytes: Buffer, one: number, other: number): boolean {
  return (
    bytes[one + 8] === bytes[other + 8] &&
    bytes[one + 7] === bytes[other + 7] &&
    bytes[one + 6] === bytes[other + 6] &&
    ((bytes[one + 5] as number) & 0x7f) === ((bytes[other + 5] as number) & 0x7f)
  );
}

function payloadBytes(bytes: Buffer, at: number): number {
  const length = ((bytes[at] as number) << 16) | ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number);
  if (length > maxFrameBytes)
    throw new ConnectionError(ErrorCode.frameSizeError, `a frame of ${length} bytes is more than ${maxFrameBytes}`);
  return length;
}
