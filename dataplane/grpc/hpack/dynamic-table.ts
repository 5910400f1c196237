import type { Field } from './field.types.ts';
import { fieldSize } from './field-size.ts';

/** The fields that the peer's encoder refers to by index (RFC 7541 section 2.3.2), the newest of which is index 1 here. */
export class DynamicTable {
  // The oldest comes first. They are few, for which `shift` costs no more than a ring.
  readonly #fields: Field[] = [];
  #bytes = 0;
  #maxBytes: number;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get maxBytes(): number {
    return this.#maxBytes;
  }

  /** Drops the oldest fields until the rest fits (RFC 7541 section 4.3). */
  resize(maxBytes: number): void {
    this.#maxBytes = maxBytes;
    this.#evictDownTo(maxBytes);
  }

  at(index: number): Field | undefined {
    return this.#fields[this.#fields.length - index];
  }

  /**
   * Drops the oldest fields to make room; a field larger than the whole table leaves it empty (RFC 7541 section 4.4).
   *
   * @returns whether the field is in the table now
   */
  add(field: Field): boolean {
    const bytes = fieldSize(field);
    this.#evictDownTo(Math.max(0, this.#maxBytes - bytes));
    if (bytes > this.#maxBytes) return false;
    this.#fields.push(field);
    this.#bytes += bytes;
    return true;
  }

  #evictDownTo(bytes: number): void {
    while (this.#bytes > bytes) this.#bytes -= fieldSize(this.#fields.shift() as Field);
  }
}
