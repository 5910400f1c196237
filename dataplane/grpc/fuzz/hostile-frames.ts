import * as fc from 'fast-check';
import {
  data,
  type Fields,
  flag,
  frame,
  goaway,
  literals,
  ping,
  rstStream,
  setting,
  settings,
  type,
  windowUpdate,
} from '../rfc9113/frames.fixture.ts';

// What one side of a connection sends: frames that are right, in an order that is right, and then a few changes.

/** Frames as octets, each as latin1, and how they are written. */
export interface Hostile {
  readonly frames: readonly string[];
  readonly isChanged: boolean;
  /** How many octets are written at once. */
  readonly pieceBytes: number;
}

/** Frames that stay together. */
export type Together = readonly Buffer[];

export type HeadForm = 'whole' | 'padded' | 'priority' | 'continued' | 'empty pieces';
export const headForm = fc.constantFrom<HeadForm[]>(
  'whole',
  'whole',
  'whole',
  'padded',
  'priority',
  'continued',
  'empty pieces',
);

/** A header block in frames. @param flags END_STREAM or none */
export function headFrames(stream: number, fields: Fields, flags: number, form: HeadForm, isFirst: boolean): Together {
  const block = isFirst ? Buffer.concat([Buffer.of(0x20), literals(fields)]) : literals(fields);
  const end = flags | flag.endHeaders;
  const middle = block.length >> 1;
  switch (form) {
    case 'padded':
      return [frame(type.headers, end | flag.padded, stream, Buffer.concat([Buffer.of(3), block, Buffer.alloc(3)]))];
    case 'priority':
      return [frame(type.headers, end | flag.priority, stream, Buffer.concat([Buffer.alloc(5), block]))];
    case 'continued':
      return [
        frame(type.headers, flags, stream, block.subarray(0, middle)),
        frame(type.continuation, flag.endHeaders, stream, block.subarray(middle)),
      ];
    case 'empty pieces':
      return [
        frame(type.headers, flags, stream),
        frame(type.continuation, flag.none, stream, block),
        frame(type.continuation, flag.endHeaders, stream),
      ];
    default:
      return [frame(type.headers, end, stream, block)];
  }
}

export const sizes = fc.array(fc.oneof(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 3_000 })), {
  maxLength: 4,
});

/** Frames of no stream, or of no consequence for one, that may come at any time. */
const between: fc.Arbitrary<Buffer> = fc.oneof(
  fc.constant(ping()),
  fc.constant(windowUpdate(0, 1_000)),
  fc.constant(frame(type.priority, flag.none, 1, Buffer.alloc(5))),
  fc.constant(frame(0xfa, 0xff, 3, Buffer.from('whatever'))),
  fc.constantFrom(0, 1, 70_000, 2 ** 31 - 1).map((bytes) => settings([setting.initialWindowSize, bytes])),
  fc.constantFrom(16_384, 2 ** 24 - 1).map((bytes) => settings([setting.maxFrameSize, bytes], [0xff, 1])),
);

/** The frames of some streams in turn, with others between them. */
function interleaved(streams: readonly (readonly Together[])[], others: readonly Buffer[]): Buffer[] {
  const all: Buffer[] = [];
  for (let turn = 0; turn < Math.max(0, ...streams.map(({ length }) => length)); turn += 1) {
    for (const stream of streams) all.push(...(stream[turn] ?? []));
    const other = others[turn];
    if (other) all.push(other);
  }
  return all;
}

type How = 'drop' | 'double' | 'swap' | 'type' | 'flags' | 'stream' | 'length' | 'payload' | 'cut' | 'insert';
interface Change {
  readonly at: number;
  readonly how: How;
  readonly bit: number;
  readonly odd: Buffer;
}

const streamNumber = fc.constantFrom(0, 1, 2, 3, 5, 7, 9, 101, 2 ** 31 - 1);
const oddFrame: fc.Arbitrary<Buffer> = fc.oneof(
  fc.tuple(streamNumber, fc.constantFrom(0, 1, 65_535, 2 ** 31 - 1)).map((each) => windowUpdate(...each)),
  fc.tuple(streamNumber, fc.nat(14)).map((each) => rstStream(...each)),
  streamNumber.map((stream) => data(stream, 'odd')),
  streamNumber.map((stream) => data(stream, '', flag.endStream)),
  fc.tuple(streamNumber, fc.nat(14)).map((each) => goaway(...each)),
  fc
    .tuple(fc.integer({ min: 1, max: 8 }), fc.constantFrom(0, 1, 2, 16_383, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1))
    .map((each) => settings(each)),
  // Those that have no stream, with one now and then.
  fc
    .tuple(
      fc.constantFrom(settings(), settings([setting.initialWindowSize, 2 ** 31]), ping(), goaway(0, 0)),
      fc.constantFrom(0, 0, 1, 2),
    )
    .map(([each, stream]) => frame(each.readUInt8(3), flag.none, stream, each.subarray(9))),
  fc
    .tuple(fc.nat(10), fc.nat(255), streamNumber, fc.string({ unit: 'binary-ascii', maxLength: 12 }))
    .map(([kind, flags, stream, payload]) => frame(kind, flags, stream, Buffer.from(payload, 'latin1'))),
);
const change: fc.Arbitrary<Change> = fc.record({
  // Without bias: most would be to the first frame.
  at: fc.noBias(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })),
  how: fc.constantFrom<How[]>(
    'drop',
    'double',
    'swap',
    'type',
    'flags',
    'stream',
    'length',
    'payload',
    'cut',
    'insert',
  ),
  bit: fc.nat(4_095),
  odd: oddFrame,
});
const changes: fc.Arbitrary<readonly Change[]> = fc.oneof(
  { weight: 2, arbitrary: fc.constant([]) },
  { weight: 6, arbitrary: fc.tuple(change) },
  { weight: 2, arbitrary: fc.array(change, { minLength: 2, maxLength: 4 }) },
);

const meaningfulFlags = [flag.endStream, flag.endHeaders, flag.padded, flag.priority];

function changed(frames: readonly Buffer[], { at, how, bit, odd }: Change): readonly Buffer[] {
  const index = Math.floor(at * frames.length);
  const before = frames.slice(0, index);
  const behind = frames.slice(index + 1);
  const each = frames[index];
  if (each === undefined) return [odd];
  /** With one bit of an octet turned. */
  const turnedBit = (octet: number, mask: number): Buffer => {
    const copy = Buffer.from(each);
    copy[octet] = (copy[octet] ?? 0) ^ mask;
    return copy;
  };
  const turned = (octet: number): Buffer => turnedBit(octet, 1 << (bit & 7));
  switch (how) {
    case 'drop':
      return [...before, ...behind];
    case 'double':
      return [...before, each, each, ...behind];
    case 'swap':
      return [...before, ...behind.slice(0, 1), each, ...behind.slice(1)];
    case 'type':
      return [...before, turned(3), ...behind];
    case 'flags':
      return [...before, turnedBit(4, meaningfulFlags[bit & 3] ?? 0), ...behind];
    case 'stream':
      return [...before, turned(bit & 8 ? 5 : 8), ...behind];
    case 'length':
      return [...before, turned(bit & 8 ? 1 : 2), ...behind];
    case 'payload':
      return [...before, each.length > 9 ? turned(9 + ((bit >> 3) % (each.length - 9))) : each, ...behind];
    case 'cut': {
      const payload = each.subarray(9, 9 + ((bit >> 3) % Math.max(1, each.length - 9)));
      return [...before, frame(each[3] ?? 0, each[4] ?? 0, each.readUInt32BE(5), payload), ...behind];
    }
    default:
      return [...before, odd, each, ...behind];
  }
}

/** What is done to frames that are right. */
export interface Disturbance {
  readonly others: readonly Buffer[];
  readonly changes: readonly Change[];
  readonly pieceBytes: number;
}

export const disturbance: fc.Arbitrary<Disturbance> = fc.record({
  others: fc.array(between, { maxLength: 5 }),
  changes,
  pieceBytes: fc.constantFrom(7, 100, 1_000, 1_000_000, 1_000_000),
});

/**
 * @param first what comes before all else, and is right
 * @param streams the frames of each stream, in their order
 */
export function disturbed(
  first: readonly Buffer[],
  streams: readonly (readonly Together[])[],
  { others, changes, pieceBytes }: Disturbance,
): Hostile {
  return {
    frames: [...first, ...changes.reduce<readonly Buffer[]>(changed, interleaved(streams, others))].map((octets) =>
      octets.toString('latin1'),
    ),
    isChanged: changes.length > 0,
    pieceBytes,
  };
}
