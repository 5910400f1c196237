import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { FrameReader } from './frame-reader.ts';
import { Flag, FrameType } from './protocol.ts';

interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

const payloads = fc.oneof(
  { weight: 5, arbitrary: fc.uint8Array({ maxLength: 40 }) },
  fc.uint8Array({ minLength: 250, maxLength: 300 }),
);
const frames: fc.Arbitrary<Frame[]> = fc.array(
  fc.record({
    type: fc.constantFrom(FrameType.data, FrameType.data, FrameType.data, FrameType.headers, FrameType.ping),
    flags: fc.constantFrom(Flag.none, Flag.none, Flag.none, Flag.none, Flag.endStream, Flag.padded),
    streamId: fc.constantFrom(1, 1, 1, 257, 2 ** 31 - 1),
    payload: payloads.map((payload) => Buffer.from(payload)),
  }),
  { maxLength: 200 },
);

function encode({ type, flags, streamId, payload }: Frame): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, payload]);
}

function readAll(bytes: Buffer, pieceBytes: number): Frame[] {
  const read: Frame[] = [];
  const reader = new FrameReader((type, flags, streamId, from, start, end) => {
    read.push({ type, flags, streamId, payload: Buffer.from(from.subarray(start, end)) });
    return true;
  });
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const piece = Buffer.from(bytes.subarray(at, at + pieceBytes));
    reader.read(piece, piece.length);
  }
  return read;
}

const isShort = ({ type, flags, payload }: Frame): boolean =>
  type === FrameType.data && flags === Flag.none && payload.length >= 5;

/** The frames with those put together that may be one. */
function joined(all: readonly Frame[]): Frame[] {
  const result: Frame[] = [];
  for (const frame of all) {
    const last = result.at(-1);
    if (last && isShort(last) && isShort(frame) && last.streamId === frame.streamId)
      result[result.length - 1] = { ...frame, payload: Buffer.concat([last.payload, frame.payload]) };
    else result.push(frame);
  }
  return result;
}

test('whatever pieces frames come in, they are those that were sent, but for short DATA of one stream', () => {
  fc.assert(
    fc.property(frames, fc.integer({ min: 1, max: 5_000 }), (sent, pieceBytes) => {
      const read = readAll(Buffer.concat(sent.map(encode)), pieceBytes);
      expect(joined(read)).toEqual(joined(sent));
    }),
    { seed: 9113, numRuns: 300 },
  );
});

test('short DATA of one stream is given as few frames of no more than the largest', () => {
  const one = { type: FrameType.data, flags: Flag.none, streamId: 3, payload: Buffer.alloc(21, 'x') };
  const read = readAll(Buffer.concat(Array.from({ length: 2_000 }, () => encode(one))), 64 * 1024);
  expect(read.map(({ payload }) => payload.length)).toEqual([16_380, 16_380, 9_240]);
});

test('DATA that ends a stream, is padded, carries no message or is long stays as it is', () => {
  const plain: Frame = { type: FrameType.data, flags: Flag.none, streamId: 1, payload: Buffer.alloc(10) };
  const sent = [
    plain,
    { ...plain, flags: Flag.endStream },
    { ...plain, flags: Flag.padded },
    { ...plain, payload: Buffer.alloc(4) },
    { ...plain, payload: Buffer.alloc(256) },
    plain,
  ];
  expect(readAll(Buffer.concat(sent.map(encode)), 10_000)).toEqual(sent);
});
