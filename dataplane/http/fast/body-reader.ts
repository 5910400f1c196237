import type { Field } from '../../headers/fields.ts';
import { maxHeadBytes } from '../../limits.ts';
import type { Framing } from '../framing.ts';
import { readFields } from './fields-reader.ts';

/**
 * Finds the end of a body in the bytes of a connection. They are passed on as they came, with the sizes of chunks and
 * all, but for the last chunk and the trailers of a chunked body: those are for whoever passes it on to write.
 */
export interface BodyReader {
  /**
   * Reads on in `bytes`, from `start` up to `end`, or to the end of the body where that comes before. What is to be
   * passed on of it is `held`, then `bytes` from `start` up to `passedTo`.
   *
   * @returns false for a body that is malformed
   */
  read(bytes: Uint8Array, start: number, end: number): boolean;
  /** Where the last reading ended. */
  readonly at: number;
  readonly passedTo: number;
  readonly held: string;
  readonly isWhole: boolean;
  /** Bytes of the body so far, without framing. */
  readonly length: number;
  readonly trailers: readonly Field[];
}

/** A reader for one body. */
export function bodyReader(framing: Framing): BodyReader {
  switch (framing.kind) {
    case 'none':
      return new LengthReader(0);
    case 'length':
      return new LengthReader(framing.length);
    case 'chunked':
      return new ChunkedReader();
    default:
      return new LengthReader(Number.POSITIVE_INFINITY);
  }
}

const noTrailers: readonly Field[] = [];

class LengthReader implements BodyReader {
  readonly held = '';
  readonly trailers = noTrailers;
  at = 0;
  length = 0;
  #left: number;

  constructor(length: number) {
    this.#left = length;
  }

  get isWhole(): boolean {
    return this.#left === 0;
  }

  get passedTo(): number {
    return this.at;
  }

  read(_bytes: Uint8Array, start: number, end: number): boolean {
    const taken = Math.min(end - start, this.#left);
    this.#left -= taken;
    this.length += taken;
    this.at = start + taken;
    return true;
  }
}

const carriageReturn = 0x0d;
const lineFeed = 0x0a;

/** Hexadecimal digits of the size of a chunk: 1 TiB is more than anybody sends at once. */
const maxSizeDigits = 10;

/** In trailers, some parsers take these for what they say in a head: where this message ends, or the connection. */
const notInTrailers: ReadonlySet<string> = new Set(['content-length', 'transfer-encoding', 'connection', 'upgrade']);

/**
 * RFC 9112 section 7.1, without chunk extensions: nobody is known to need them, and parsers differ in where they end.
 *
 *   size ─CR▶ size-end ─LF▶ data ─▶ data-cr ─▶ data-lf ─▶ size
 *                 └─ of a chunk of no size ─▶ trailers ─▶ whole
 */
class ChunkedReader implements BodyReader {
  at = 0;
  passedTo = 0;
  held = '';
  length = 0;
  trailers = noTrailers;
  #state: 'size' | 'size-end' | 'data' | 'data-cr' | 'data-lf' | 'trailers' | 'whole' = 'size';
  /** Of the present chunk: its size as far as it was read, then how much of it is still to come. */
  #size = 0;
  #sizeDigits = 0;
  /** What earlier readings had of the present line of a size: not passed on before it is known not to be the last. */
  #heldSize = '';
  #trailerText = '';

  get isWhole(): boolean {
    return this.#state === 'whole';
  }

  read(bytes: Uint8Array, start: number, end: number): boolean {
    this.held = '';
    this.passedTo = start;
    let at = start;
    while (at < end && this.#state !== 'whole') {
      if (this.#state === 'data') {
        const taken = Math.min(end - at, this.#size);
        this.#size -= taken;
        this.length += taken;
        at += taken;
        this.passedTo = at;
        if (this.#size === 0) this.#state = 'data-cr';
      } else if (this.#state === 'trailers') {
        at = this.#readTrailers(bytes, at, end);
        if (at < 0) return false;
      } else {
        if (!this.#readByte(bytes[at] as number)) return false;
        at += 1;
        if (!this.#mayBeLast) this.passedTo = at;
      }
    }
    this.at = at;
    if (this.#sizeDigits > 0) this.#hold(bytes, at);
    return true;
  }

  /** Whether the present line may turn out to be that of the last chunk, and so is not passed on yet. */
  get #mayBeLast(): boolean {
    return this.#sizeDigits > 0 || this.#state === 'trailers' || this.#state === 'whole';
  }

  /** A byte of the lines around the data. */
  #readByte(byte: number): boolean {
    switch (this.#state) {
      case 'size': {
        if (byte === carriageReturn && this.#sizeDigits > 0) {
          this.#state = 'size-end';
          return true;
        }
        const digit = hexDigit(byte);
        this.#size = this.#size * 16 + digit;
        this.#sizeDigits += 1;
        return digit >= 0 && this.#sizeDigits <= maxSizeDigits;
      }
      case 'size-end':
        this.#state = this.#size === 0 ? 'trailers' : 'data';
        if (this.#size > 0) this.held += this.#heldSize;
        this.#heldSize = '';
        this.#sizeDigits = 0;
        return byte === lineFeed;
      case 'data-cr':
        this.#state = 'data-lf';
        return byte === carriageReturn;
      default:
        this.#state = 'size';
        return byte === lineFeed;
    }
  }

  #hold(bytes: Uint8Array, end: number): void {
    for (let at = this.passedTo; at < end; at += 1) this.#heldSize += String.fromCharCode(bytes[at] as number);
  }

  /** @returns where it ended; -1 for trailers that are malformed */
  #readTrailers(bytes: Uint8Array, at: number, end: number): number {
    const before = this.#trailerText.length;
    const more = Math.min(end - at, maxHeadBytes - before);
    const text = this.#trailerText + Buffer.from(bytes.buffer, bytes.byteOffset + at, more).toString('latin1');
    const length = text.startsWith('\r\n') ? 2 : text.indexOf('\r\n\r\n') + 4;
    if (length < 4 && !text.startsWith('\r\n')) {
      this.#trailerText = text;
      return text.length < maxHeadBytes ? end : -1;
    }
    const reading = readFields(text, 0, length - 2);
    if (reading.kind !== 'fields' || reading.fields.some(({ key }) => notInTrailers.has(key))) return -1;
    this.trailers = reading.fields;
    this.#state = 'whole';
    return at + length - before;
  }
}

/** -1 for what is none. */
function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
