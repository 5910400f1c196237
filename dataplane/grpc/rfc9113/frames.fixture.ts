/** Frames as RFC 9113 section 6 draws them, written on their own so that the lane is not its own judge. */

export const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

export const type = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const flag = { none: 0, endStream: 1, ack: 1, endHeaders: 4, padded: 8, priority: 32 } as const;

export const code = {
  noError: 0,
  protocolError: 1,
  flowControlError: 3,
  streamClosed: 5,
  frameSizeError: 6,
  refusedStream: 7,
  cancel: 8,
  compressionError: 9,
  enhanceYourCalm: 11,
} as const;

export const setting = {
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
} as const;

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

const nothing = Buffer.alloc(0);

export function frame(kind: number, flags: number, stream: number, payload: Uint8Array = nothing): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(kind, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

function uint32(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, 4 * index);
  return bytes;
}

export const data = (stream: number, payload: Uint8Array | string, flags: number = flag.none): Buffer =>
  frame(type.data, flags, stream, Buffer.from(payload));

/** HEADERS with END_HEADERS. */
export const headers = (stream: number, fields: Fields, flags: number = flag.none): Buffer =>
  frame(type.headers, flags | flag.endHeaders, stream, block(fields));

export const rstStream = (stream: number, errorCode: number): Buffer =>
  frame(type.rstStream, flag.none, stream, uint32(errorCode));

export function settings(...pairs: readonly (readonly [id: number, value: number])[]): Buffer {
  const payload = Buffer.alloc(6 * pairs.length);
  for (const [index, [id, value]] of pairs.entries()) {
    payload.writeUInt16BE(id, 6 * index);
    payload.writeUInt32BE(value, 6 * index + 2);
  }
  return frame(type.settings, flag.none, 0, payload);
}

export const settingsAck = frame(type.settings, flag.ack, 0);

export const ping = (text = 'pingpong', flags: number = flag.none): Buffer =>
  frame(type.ping, flags, 0, Buffer.from(text));

export const goaway = (lastStream: number, errorCode: number): Buffer =>
  frame(type.goaway, flag.none, 0, uint32(lastStream, errorCode));

export const windowUpdate = (stream: number, increment: number): Buffer =>
  frame(type.windowUpdate, flag.none, stream, uint32(increment));

export type Fields = readonly (readonly [name: string, value: string])[];

/**
 * A header block of literals that no table gets (RFC 7541 section 6.2.2), behind the update to a table of 0 that the first
 * block owes to the lane's SETTINGS (section 4.2).
 */
export function block(fields: Fields): Buffer {
  return Buffer.concat([Buffer.of(0x20), literals(fields)]);
}

/** A header block for later. */
export function literals(fields: Fields): Buffer {
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.of(0), text(name), text(value)]));
}

function text(value: string): Buffer {
  return Buffer.concat([integer(value.length), Buffer.from(value, 'latin1')]);
}

/** RFC 7541 section 5.1, with a prefix of seven bits. */
function integer(value: number): Buffer {
  if (value < 127) return Buffer.of(value);
  const octets = [127];
  let rest = value - 127;
  for (; rest >= 128; rest = Math.floor(rest / 128)) octets.push((rest % 128) + 128);
  return Buffer.from([...octets, rest]);
}

/** The head of a gRPC call; `undefined` takes a field out. */
export function call(changes: Readonly<Record<string, string | undefined>> = {}): Fields {
  const fields: Record<string, string | undefined> = {
    ':method': 'POST',
    ':scheme': 'http',
    ':path': '/go.micro.service.greeter.Say/Hello',
    ':authority': 'test',
    'content-type': 'application/grpc',
    te: 'trailers',
    ...changes,
  };
  return Object.entries(fields).filter((field): field is [string, string] => field[1] !== undefined);
}

export const answerHead: Fields = [
  [':status', '200'],
  ['content-type', 'application/grpc'],
];

export const answerTrailers: Fields = [['grpc-status', '0']];
