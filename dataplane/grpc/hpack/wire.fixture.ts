import type { Readable } from 'node:stream';

export const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

export const frameType = {
  data: 0,
  headers: 1,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;
export const flag = { ack: 0x1, endStream: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const;

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

export function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

export function settings(...pairs: readonly [id: number, value: number][]): Buffer {
  const payload = Buffer.alloc(6 * pairs.length);
  for (const [index, [id, value]] of pairs.entries()) {
    payload.writeUInt16BE(id, 6 * index);
    payload.writeUInt32BE(value, 6 * index + 2);
  }
  return frame(frameType.settings, 0, 0, payload);
}

export const settingsAck = frame(frameType.settings, flag.ack, 0, Buffer.alloc(0));

/** The frames that come, after `skip` octets of preface. */
export async function* framesOf(from: Readable, skip = 0): AsyncGenerator<Frame> {
  let rest = Buffer.alloc(0);
  let toSkip = skip;
  for await (const chunk of from) {
    rest = Buffer.concat([rest, chunk as Buffer]);
    if (rest.length < toSkip) continue;
    rest = rest.subarray(toSkip);
    toSkip = 0;
    while (rest.length >= 9 && rest.length >= 9 + rest.readUIntBE(0, 3)) {
      const end = 9 + rest.readUIntBE(0, 3);
      const stream = rest.readUInt32BE(5);
      yield { type: rest[3] as number, flags: rest[4] as number, stream, payload: rest.subarray(9, end) };
      rest = rest.subarray(end);
    }
  }
}

/** The piece of a header block in a HEADERS or CONTINUATION frame. */
export function fragmentOf({ type, flags, payload }: Frame): Buffer {
  if (type !== frameType.headers) return payload;
  const padding = flags & flag.padded ? (payload[0] as number) : 0;
  const start = (flags & flag.padded ? 1 : 0) + (flags & flag.priority ? 5 : 0);
  return payload.subarray(start, payload.length - padding);
}
