import { ConnectionError, ErrorCode } from '../frames/protocol.ts';

/** The frames of one header block, and its octets, at most. A list of 16 KiB is no longer than that. */
const maxFragments = 32;
const maxBlockBytes = 64 * 1024;

/** A header block of which CONTINUATION frames are still to come (RFC 9113 section 4.3). */
export class HeaderBlock {
  readonly streamId: number;
  readonly endStream: boolean;
  readonly #fragments: Buffer[] = [];
  #bytes = 0;

  constructor(streamId: number, endStream: boolean) {
    this.streamId = streamId;
    this.endStream = endStream;
  }

  /** @throws ConnectionError for a block that does not end */
  add(bytes: Buffer, start: number, end: number): void {
    this.#bytes += end - start;
    if (this.#fragments.length === maxFragments || this.#bytes > maxBlockBytes)
      throw new ConnectionError(ErrorCode.enhanceYourCalm, 'a header block is too large');
    this.#fragments.push(Buffer.from(bytes.subarray(start, end)));
  }

  whole(): Buffer {
    return Buffer.concat(this.#fragments, this.#bytes);
  }
}
