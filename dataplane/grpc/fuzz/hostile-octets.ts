import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { code, type Frame, goaway, ping, rstStream, type } from '../rfc9113/frames.fixture.ts';
import type { RawPeer } from '../rfc9113/peer.fixture.ts';
import type { Hostile } from './hostile-frames.ts';

const question = 'you here';

/** Larger ones were never agreed on. */
const mostFrameBytes = 16_384;

/** The frames as the other side has to read them, whatever they were meant as. */
export function framesIn({ frames }: Hostile): { readonly frames: readonly Frame[]; readonly octets: Buffer } {
  let octets = Buffer.from(frames.join(''), 'latin1');
  /** The last one may lack its end. */
  const fillUpTo = (length: number): void => {
    if (octets.length < length) octets = Buffer.concat([octets, Buffer.alloc(length - octets.length)]);
  };
  const read: Frame[] = [];
  for (let at = 0; at < octets.length; ) {
    fillUpTo(at + 9);
    const length = octets.readUIntBE(at, 3);
    // Nothing behind it is read.
    if (length > mostFrameBytes) break;
    fillUpTo(at + 9 + length);
    read.push({
      type: octets.readUInt8(at + 3),
      flags: octets.readUInt8(at + 4),
      stream: octets.readUInt32BE(at + 5) & 0x7fffffff,
      payload: octets.subarray(at + 9, at + 9 + length),
    });
    at += 9 + length;
  }
  return { frames: read, octets };
}

/**
 * Sends it all, and a PING behind it.
 *
 * @returns whether the other side has read it all, and goes on; otherwise it has ended the connection
 */
export async function attack(peer: RawPeer, octets: Buffer, pieceBytes: number): Promise<boolean> {
  const all = Buffer.concat([octets, ping(question)]);
  for (let at = 0; at < all.length && !peer.isClosed; at += pieceBytes) {
    peer.socket.write(all.subarray(at, at + pieceBytes));
    if (pieceBytes < all.length) await turn();
  }
  return await goesOn(peer);
}

async function goesOn(peer: RawPeer): Promise<boolean> {
  try {
    await peer.until(
      ({ type: kind, flags, payload }) => kind === type.ping && flags === 1 && payload.toString() === question,
    );
    return true;
  } catch {
    return false;
  }
}

/** The codes with which a connection may be ended for a fault of the peer's. */
const faultCodes: ReadonlySet<number> = new Set<number>([
  code.protocolError,
  code.flowControlError,
  code.streamClosed,
  code.frameSizeError,
  code.compressionError,
  code.enhanceYourCalm,
]);

/**
 * @param saidGoodbye whether this side has sent GOAWAY, after which the other may end the connection in peace
 * @throws AssertionError where the connection was not ended by GOAWAY with one of these codes
 */
export function assertRightEnd({ frames }: RawPeer, saidGoodbye: boolean, codes = faultCodes): void {
  const last = frames.findLast((each) => each.type === type.goaway);
  assert(
    last,
    `the connection was ended without GOAWAY, after frames of the types ${frames.map((each) => each.type).join(', ')}`,
  );
  const ended = last.payload.readUInt32BE(4);
  assert(codes.has(ended) || (saidGoodbye && ended === code.noError), `it was ended with code ${ended}`);
}

/**
 * Resets all streams and says goodbye: the other side has to close the connection then, for nothing is left on it.
 *
 * @param streams of which none is idle
 */
export async function leave(peer: RawPeer, streams: Iterable<number>): Promise<void> {
  const resets = [...streams].map((stream) => rstStream(stream, code.cancel));
  peer.socket.write(Buffer.concat([...resets, goaway(0, code.noError)]));
  const { code: ended } = await peer.ended();
  assert.equal(ended, code.noError);
}
