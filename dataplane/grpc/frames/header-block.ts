import { ConnectionError, ErrorCode } from './protocol.ts';

/** The frames of one header block, at most. */
const maxFragments = 32;

/** A header block of which CONTINUATION frames are still to come (RFC 9113 section 4.3). */
export class HeaderBlock {
  readonly streamId: number;
  readonly endStream: boolean;
  readonly #maxBytes: number;
  readonly #fragments: Buffer[] = [];
  #bytes = 0;

  /** @param maxBytes octets of the block, at most */
  constructor(streamId: number, endStream: boolean, maxBytes: number) {
    this.streamId = streamId;
    this.endStream = endStream;
    this.#maxBytes = maxBytes;
  }

  /** @throws ConnectionError for a block that does not end */
  add(bytes: Buffer, start: number, end: number): void {
    this.#bytes += end - start;
    if (this.#fragments.length === maxFragments || this.#bytes > this.#maxBytes)
      throw new ConnectionError(ErrorCode.enhanceYourCalm, 'a header block is too large');
    this.#fragments.push(Buffer.from(bytes.subarray(start, end)));
  }

  whole(): Buffer {
    return Buffer.concat(this.#fragments, this.#bytes);
  }
}
