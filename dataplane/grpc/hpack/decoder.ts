import { DynamicTable } from './dynamic-table.ts';
import type { Field } from './field.types.ts';
import { fieldSize } from './field-size.ts';
import { HpackError } from './hpack-error.ts';
import { huffmanDecoded } from './huffman.ts';
import { latin1 } from './latin1.ts';
import { staticTable } from './static-table.ts';

/** The table that a peer may use before it has acknowledged any other size (RFC 9113 section 6.5.2). */
const initialTableBytes = 4_096;

const nothing: Buffer = Buffer.alloc(0);

export interface HpackDecoderOptions {
  /**
   * The size of the table at first, in octets as RFC 7541 section 4.1 counts them. Over HTTP/2 it is the default of 4,096
   * whatever our settings say: these count from their acknowledgement on (`setMaxTableBytes`).
   */
  readonly maxTableBytes?: number;
  /** What a header list may come to, in octets as RFC 9113 section 6.5.2 counts them. */
  readonly maxListBytes: number;
}

/** Decodes the header blocks of one connection in one direction, in their order (RFC 7541). */
export class HpackDecoder {
  readonly #maxListBytes: number;
  readonly #table: DynamicTable;
  #maxTableBytes: number;
  /** What the next block has to bring the table down to, where our setting was lowered under it. */
  #owedTableBytes: number | undefined;
  #stoodAlone = true;

  // What is being read.
  #block = nothing;
  #at = 0;
  #end = 0;

  constructor({ maxTableBytes = initialTableBytes, maxListBytes }: HpackDecoderOptions) {
    this.#maxTableBytes = maxTableBytes;
    this.#maxListBytes = maxListBytes;
    this.#table = new DynamicTable(maxTableBytes);
  }

  /**
   * Whether the last block said nothing of the dynamic table: neither was one of its fields referred to or added, nor its
   * size changed. To any other decoder its octets mean the same, so that they can be sent on as they are. A field that the
   * peer wants indexed but that does not fit (any, once the table is of size 0) is not added.
   */
  get lastStoodAlone(): boolean {
    return this.#stoodAlone;
  }

  /**
   * What our SETTINGS_HEADER_TABLE_SIZE allows, once the peer has acknowledged it. If the peer uses more now, its next block
   * has to begin with a size update to at most that (RFC 7541 section 4.2).
   */
  setMaxTableBytes(bytes: number): void {
    this.#maxTableBytes = bytes;
    if (bytes < (this.#owedTableBytes ?? this.#table.maxBytes)) this.#owedTableBytes = bytes;
  }

  /**
   * Decodes the whole header block `block[start..end)`: the fragments of a HEADERS frame and its CONTINUATION frames.
   *
   * @returns the fields in their order; 'too-large' for more than `maxListBytes` of them, which concerns their stream alone,
   *   for the table is in step all the same
   * @throws HpackError if the block is malformed: the connection has to end
   */
  decode(block: Buffer, start: number, end: number): Field[] | 'too-large' {
    this.#block = block;
    this.#at = start;
    this.#end = end;
    this.#stoodAlone = true;
    this.#readSizeUpdates();
    const fields: Field[] = [];
    let bytes = 0;
    while (this.#at < end) {
      const field = this.#readField();
      bytes += fieldSize(field);
      if (bytes <= this.#maxListBytes) fields.push(field);
    }
    // It may be a piece of a large one.
    this.#block = nothing;
    return bytes <= this.#maxListBytes ? fields : 'too-large';
  }

  /** RFC 7541 section 6.3. They come before all fields of a block (section 4.2). */
  #readSizeUpdates(): void {
    while (this.#at < this.#end) {
      const first = this.#block[this.#at] as number;
      if (first >> 5 !== 0b001) break;
      const bytes = this.#readInteger(0x1f);
      if (bytes > (this.#owedTableBytes ?? this.#maxTableBytes))
        throw new HpackError('a table size update is above what the settings allow');
      this.#owedTableBytes = undefined;
      this.#table.resize(bytes);
      this.#stoodAlone = false;
    }
    if (this.#owedTableBytes !== undefined)
      throw new HpackError('the block does not begin with the table size update that the settings ask for');
  }

  /** RFC 7541 sections 6.1 and 6.2. */
  #readField(): Field {
    const first = this.#block[this.#at] as number;
    if (first >> 7 === 1) return this.#fieldAt(this.#readInteger(0x7f));
    if (first >> 6 === 0b01) {
      const field: Field = [this.#readName(0x3f), this.#readString()];
      if (this.#table.add(field)) this.#stoodAlone = false;
      return field;
    }
    if (first >> 5 === 0b001) throw new HpackError('a table size update comes after a field');
    if (first >> 4 === 0b0001) return [this.#readName(0x0f), this.#readString(), true];
    return [this.#readName(0x0f), this.#readString()];
  }

  #readName(prefix: number): string {
    const index = this.#readInteger(prefix);
    return index === 0 ? this.#readString() : this.#fieldAt(index)[0];
  }

  /** RFC 7541 section 2.3.3: the indices of the dynamic table follow those of the static one. */
  #fieldAt(index: number): Field {
    const isStatic = index <= staticTable.length;
    if (!isStatic) this.#stoodAlone = false;
    const field = isStatic ? staticTable[index - 1] : this.#table.at(index - staticTable.length);
    if (field === undefined) throw new HpackError(`index ${index} is in no table`);
    return field;
  }

  /** RFC 7541 section 5.2. */
  #readString(): string {
    if (this.#at >= this.#end) throw truncated();
    const isHuffman = (this.#block[this.#at] as number) >> 7 === 1;
    const length = this.#readInteger(0x7f);
    const start = this.#at;
    if (length > this.#end - start) throw truncated();
    this.#at = start + length;
    return isHuffman ? huffmanDecoded(this.#block, start, this.#at) : latin1(this.#block, start, this.#at);
  }

  /**
   * RFC 7541 section 5.1, as far as 28 bits behind the prefix, which is more than a block can have of anything.
   *
   * @param prefix the bits of the first octet that belong to the integer
   */
  #readInteger(prefix: number): number {
    let value = (this.#block[this.#at++] as number) & prefix;
    if (value < prefix) return value;
    for (let shift = 0; shift < 28; shift += 7) {
      if (this.#at >= this.#end) throw truncated();
      const octet = this.#block[this.#at++] as number;
      value += (octet & 0x7f) << shift;
      if (octet < 0x80) return value;
    }
    throw new HpackError('an integer is too large');
  }
}

function truncated(): HpackError {
  return new HpackError('the block ends within a field');
}
