import * as fc from 'fast-check';
import { fieldSize } from '../hpack/field-size.ts';
import { staticTable } from '../hpack/static-table.ts';

// Header blocks put together from what RFC 7541 has for a field, so that each follows from the table that those before it leave.
// All octets are latin1.

/** Codes of RFC 7541 appendix B, as bits. */
const huffmanCodes: Readonly<Record<string, string>> = {
  '0': '00000',
  '1': '00001',
  '2': '00010',
  a: '00011',
  c: '00100',
  e: '00101',
  '-': '010110',
  '3': '011001',
  x: '1111001',
  z: '1111011',
  '<': '111111111111100',
  '\u00e9': '111111111111111111111101001',
};

interface Text {
  readonly text: string;
  readonly isHuffman: boolean;
}

interface Literal {
  readonly kind: 'indexed' | 'plain' | 'never';
  /** What of the table its name is of, or a name of its own. */
  readonly name: number | Text;
  readonly value: Text;
}

/** A reference has the number of an entry of the table, whichever stands there then; a size update has the new size. */
type Part =
  | { readonly reference: number; readonly times: number }
  | { readonly literal: Literal }
  | { readonly tableBytes: number };

const text = (unit: string, minLength: number) =>
  fc.record({
    text: fc.oneof(
      { weight: 12, arbitrary: fc.string({ unit: fc.constantFrom(...unit.split('')), minLength, maxLength: 20 }) },
      { weight: 1, arbitrary: fc.constantFrom(127, 128, 700, 4_100).map((length) => 'a'.repeat(length)) },
    ),
    isHuffman: fc.boolean(),
  });

const literal: fc.Arbitrary<Part> = fc
  .record({
    kind: fc.constantFrom('indexed', 'indexed', 'plain', 'never'),
    name: fc.oneof(fc.nat(80), text('01ace-xz', 1)),
    value: text('012ace-xz<\u00e9', 0),
  })
  .map((each) => ({ literal: each }));
const reference: fc.Arbitrary<Part> = fc
  .tuple(fc.nat(80), fc.constantFrom(1, 1, 1, 1, 1, 60))
  .map(([number, times]) => ({ reference: number, times }));
const tableBytes = fc.oneof(fc.constantFrom(0, 31, 200, 1_000, 4_096), fc.integer({ min: 32, max: 120 }));
const update: fc.Arbitrary<Part> = tableBytes.map((bytes) => ({ tableBytes: bytes }));

/** What the peer is told before a block, and the block. */
export interface Step {
  readonly maxTableBytes: number | null;
  readonly block: string;
}

type Change = readonly [share: number, how: 'flip' | 'cut' | 'insert' | 'repeat', octets: string, bit: number];

/** What is put into a block: a size update, a large one, indices and lengths that are too large, or have too many zeros. */
const oddOctets = fc.constantFrom(
  '\x20',
  '\x3f\xe1\x1f',
  '\x3f\xe2\x1f',
  '\x80',
  '\xbe',
  '\x40',
  '\x0f\x2f',
  '\x00\xff\xff',
  '\xff\x80\x80\x80\x80\x00',
  '\x7f\xff\xff\xff\xff\x0f',
);
const change: fc.Arbitrary<Change> = fc.tuple(
  fc.noBias(fc.double({ min: 0, max: 1, noNaN: true })),
  fc.constantFrom('flip', 'cut', 'insert', 'repeat'),
  oddOctets,
  fc.nat(7),
);

/** Mostly nothing. */
function seldom<Item>(each: fc.Arbitrary<Item>): fc.Arbitrary<readonly Item[]> {
  return fc.oneof(
    { weight: 5, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(each, { minLength: 1, maxLength: 2 }) },
  );
}

const intended = fc.record({
  maxTableBytes: fc.option(tableBytes, { freq: 4, nil: null }),
  updates: seldom(update),
  parts: fc.array(fc.oneof({ weight: 3, arbitrary: literal }, { weight: 2, arbitrary: reference }), { maxLength: 8 }),
  changes: seldom(change),
});

/** POST, http, the path "/" and the authority "a", of the static table and as a literal that is in none. */
const pseudoHeaders = '\x83\x86\x84\x01\x01a';

export const steps: fc.Arbitrary<readonly Step[]> = fc.array(intended, { minLength: 1, maxLength: 8 }).map((all) => {
  const encoder = new Encoder();
  return all.map(({ maxTableBytes, updates, parts, changes }) => {
    const block = encoder.block(maxTableBytes, updates, parts);
    return { maxTableBytes, block: changes.reduce(changed, block) };
  });
});

function changed(block: string, [share, how, octets, bit]: Change): string {
  const at = Math.floor(share * block.length);
  const [before, rest] = [block.slice(0, at), block.slice(at)];
  switch (how) {
    case 'flip':
      return rest === '' ? block : before + String.fromCharCode(rest.charCodeAt(0) ^ (1 << bit)) + rest.slice(1);
    case 'cut':
      return before;
    case 'insert':
      return before + octets + rest;
    default:
      return before + rest.slice(0, 9) + rest;
  }
}

/** Keeps a table as the decoder does, to know what can be referred to. */
class Encoder {
  #table: (readonly [name: string, value: string])[] = [];
  #maxTableBytes = 4_096;
  #announced = 4_096;

  block(announced: number | null, updates: readonly Part[], parts: readonly Part[]): string {
    let octets = '';
    if (announced !== null) {
      this.#announced = announced;
      // RFC 7541 section 4.2: the block after that has to begin with it.
      if (announced < this.#maxTableBytes) octets += this.#part({ tableBytes: announced });
    }
    const encoded = (all: readonly Part[]): string => all.map((part) => this.#part(part)).join('');
    return octets + encoded(updates) + pseudoHeaders + encoded(parts);
  }

  #part(part: Part): string {
    if ('tableBytes' in part) {
      this.#maxTableBytes = Math.min(part.tableBytes, this.#announced);
      this.#evict();
      return integer(0x20, 5, this.#maxTableBytes);
    }
    if ('reference' in part) {
      const index = this.#indexOf(part.reference);
      return integer(0x80, 7, index).repeat(part.times);
    }
    const { kind, name, value } = part.literal;
    const index = typeof name === 'number' ? this.#indexOf(name) : 0;
    if (kind === 'indexed') {
      this.#table.unshift([typeof name === 'number' ? (this.#at(index)?.[0] ?? '') : name.text, value.text]);
      this.#evict();
    }
    const first = { indexed: [0x40, 6], plain: [0x00, 4], never: [0x10, 4] } as const;
    const [high, bits] = first[kind];
    return integer(high, bits, index) + (typeof name === 'number' ? '' : string(name)) + string(value);
  }

  /** The entries of the dynamic table come first here; those of requests' pseudo-headers are left out. */
  #indexOf(number: number): number {
    if (number < 40 && this.#table.length > 0) return staticTable.length + 1 + (number % this.#table.length);
    return 15 + (number % (staticTable.length - 14));
  }

  #at(index: number): readonly [name: string, value: string, ...unknown[]] | undefined {
    return index <= staticTable.length ? staticTable[index - 1] : this.#table[index - staticTable.length - 1];
  }

  #evict(): void {
    let bytes = 0;
    const kept = this.#table.findIndex((field) => {
      bytes += fieldSize(field);
      return bytes > this.#maxTableBytes;
    });
    if (kept >= 0) this.#table = this.#table.slice(0, kept);
  }
}

/** RFC 7541 section 5.1. */
function integer(high: number, bits: number, value: number): string {
  const most = 2 ** bits - 1;
  if (value < most) return String.fromCharCode(high | value);
  let octets = String.fromCharCode(high | most);
  let rest = value - most;
  for (; rest >= 128; rest = Math.floor(rest / 128)) octets += String.fromCharCode((rest % 128) + 128);
  return octets + String.fromCharCode(rest);
}

/** RFC 7541 section 5.2. */
function string({ text, isHuffman }: Text): string {
  if (!isHuffman) return integer(0, 7, text.length) + text;
  const bits = text.replaceAll(/./gs, (character) => huffmanCodes[character] ?? '');
  const octets = bits
    .padEnd(Math.ceil(bits.length / 8) * 8, '1')
    .replaceAll(/.{8}/g, (octet) => String.fromCharCode(Number.parseInt(octet, 2)));
  return integer(0x80, 7, octets.length) + octets;
}
