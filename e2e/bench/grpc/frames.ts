// HTTP/2 at the level of frames, as much of it as benchmarks need (RFC 9113): node:http2 would cost more than the
// proxies that are measured with it.

/** Sent by a client before anything else: section 3.4. */
export const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/** Section 6. */
export const FrameType = {
  data: 0x0,
  headers: 0x1,
  resetStream: 0x3,
  settings: 0x4,
  ping: 0x6,
  goAway: 0x7,
  windowUpdate: 0x8,
} as const;

/** Of DATA and HEADERS; that of acknowledgement is of SETTINGS and PING. */
export const Flag = { acknowledge: 0x1, endStream: 0x1, endHeaders: 0x4 } as const;

/** Section 6.5.2. */
export const Setting = { maxConcurrentStreams: 0x3, initialWindowSize: 0x4 } as const;

/** Of a connection and, unless settings say otherwise, of a stream: section 6.9.2. */
export const defaultWindow = 65_535;

/** Section 4.1. */
export const frameHeadBytes = 9;

/** Where in the head of a frame its stream identifier stands. */
export const streamIdOffset = 5;

const noBytes = Buffer.alloc(0);

export function frame(type: number, flags: number, streamId: number, payload: Buffer = noBytes): Buffer {
  const bytes = Buffer.alloc(frameHeadBytes + payload.length);
  bytes.writeUIntBE(payload.length, 0, 3);
  bytes[3] = type;
  bytes[4] = flags;
  bytes.writeUInt32BE(streamId, streamIdOffset);
  payload.copy(bytes, frameHeadBytes);
  return bytes;
}

export function settings(values: Readonly<Record<number, number>>): Buffer {
  const entries = Object.entries(values).map(([id, value]) => {
    const entry = Buffer.alloc(6);
    entry.writeUInt16BE(Number(id));
    entry.writeUInt32BE(value, 2);
    return entry;
  });
  return frame(FrameType.settings, 0, 0, Buffer.concat(entries));
}

/** @returns what the payload of a SETTINGS frame sets, by identifier */
export function readSettings(payload: Buffer): ReadonlyMap<number, number> {
  const values = new Map<number, number>();
  for (let at = 0; at < payload.length; at += 6) values.set(payload.readUInt16BE(at), payload.readUInt32BE(at + 2));
  return values;
}

export function windowUpdate(streamId: number, increment: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(increment);
  return frame(FrameType.windowUpdate, 0, streamId, payload);
}

/** What an end has to answer to keep a connection open: to SETTINGS and PING. Undefined when it is no such frame. */
export function acknowledgement(type: number, flags: number, payload: Buffer): Buffer | undefined {
  if ((flags & Flag.acknowledge) !== 0) return undefined;
  if (type === FrameType.settings) return frame(FrameType.settings, Flag.acknowledge, 0);
  return type === FrameType.ping ? frame(FrameType.ping, Flag.acknowledge, 0, payload) : undefined;
}

export type OnFrame = (type: number, flags: number, streamId: number, payload: Buffer) => void;

/** @returns a function that takes bytes as they come, in pieces of any size */
export function frameReader(onFrame: OnFrame): (chunk: Buffer) => void {
  let rest: Buffer = noBytes;
  return (chunk) => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let start = 0;
    while (bytes.length - start >= frameHeadBytes) {
      const end = start + frameHeadBytes + bytes.readUIntBE(start, 3);
      if (end > bytes.length) break;
      const streamId = bytes.readUInt32BE(start + streamIdOffset);
      onFrame(
        bytes[start + 3] as number,
        bytes[start + 4] as number,
        streamId,
        bytes.subarray(start + frameHeadBytes, end),
      );
      start = end;
    }
    rest = bytes.subarray(start);
  };
}
