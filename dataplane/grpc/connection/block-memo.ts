/** Longer blocks are seldom the same twice. */
const longestBytes = 1024;

/** What is remembered; when it is full, it begins anew: what comes often is soon back. */
const mostRemembered = 32;

/**
 * What was made of header blocks, by their octets. Only for blocks that stand on their own: what a block means that refers
 * to a table changes with the table.
 */
export class BlockMemo<Value> {
  readonly #values = new Map<string, Value>();

  /** The octets as a key; undefined for a block that is not remembered. */
  keyOf(bytes: Buffer, start: number, end: number): string | undefined {
    return end - start > longestBytes ? undefined : bytes.toString('latin1', start, end);
  }

  get(key: string): Value | undefined {
    return this.#values.get(key);
  }

  set(key: string, value: Value): void {
    if (this.#values.size === mostRemembered) this.#values.clear();
    this.#values.set(key, value);
  }
}
