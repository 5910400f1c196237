import type { KeyValue } from '../../gen/kv.ts';
import {
  type Change,
  decodeChange,
  decodeHead,
  decodePosition,
  encodePosition,
  type Head,
  type Position,
} from './change.ts';
import type { Tables } from './database.ts';
import { type KeyRange, maxKeyBytes } from './key-range.ts';

/**
 * The keys as they were at one revision. Each change knows the one before it, so an old revision is found by going back
 * from the newest change of a key.
 */
export class View {
  readonly revision: bigint;
  readonly #tables: Tables;

  constructor(tables: Tables, revision: bigint) {
    this.#tables = tables;
    this.revision = revision;
  }

  get(key: Buffer): KeyValue | undefined {
    const head = key.length > maxKeyBytes ? undefined : this.#tables.keys.get(key);
    const position = head && this.#visible(decodeHead(head));
    return position && this.read(position)?.kv;
  }

  /** Where the keys in the range stand, in key order: cheaper than their content, which `read` has. */
  *positions({ start, end }: KeyRange): Generator<Position> {
    for (const { value } of this.#tables.keys.getRange({ start, ...(end && { end }) })) {
      const position = this.#visible(decodeHead(value));
      if (position) yield position;
    }
  }

  *scan(range: KeyRange): Generator<KeyValue> {
    for (const position of this.positions(range)) {
      const change = this.read(position);
      if (change) yield change.kv;
    }
  }

  /** Undefined when compaction has removed it. */
  read(position: Position): Change | undefined {
    const bytes = this.#tables.history.get(encodePosition(position));
    return bytes && decodeChange(position, bytes);
  }

  /** The change before this one, if the key existed then. */
  before({ previous, position }: Change): KeyValue | undefined {
    let change = previous && this.read(previous);
    // Changes of one revision happen at once, so what an earlier one of them left was never to be seen.
    while (change?.previous && change.position.revision === position.revision) change = this.read(change.previous);
    return change?.kind === 'put' && change.position.revision < position.revision ? change.kv : undefined;
  }

  /** Changes from a revision on up to that of the view, in order. */
  *changes(from: bigint): Generator<Change> {
    const start = encodePosition({ revision: from, sub: 0 });
    const end = encodePosition({ revision: this.revision + 1n, sub: 0 });
    for (const { key, value } of this.#tables.history.getRange({ start, end })) {
      yield decodeChange(decodePosition(key), value);
    }
  }

  #visible(head: Head): Position | undefined {
    if (head.position.revision <= this.revision) return head.deleted ? undefined : head.position;
    let change = this.read(head.position);
    while (change && change.position.revision > this.revision) change = change.previous && this.read(change.previous);
    return change?.kind === 'put' ? change.position : undefined;
  }
}
