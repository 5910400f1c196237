/** HTTP/2 as RFC 9113 numbers it. */

/** Section 3.4: what a client sends before its first frame. */
export const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/** Section 4.1: length, type, flags, stream. */
export const frameHeaderBytes = 9;

/** Section 6. */
export const FrameType = {
  data: 0x0,
  headers: 0x1,
  priority: 0x2,
  rstStream: 0x3,
  settings: 0x4,
  pushPromise: 0x5,
  ping: 0x6,
  goaway: 0x7,
  windowUpdate: 0x8,
  continuation: 0x9,
} as const;

export const Flag = {
  none: 0x0,
  /** Of DATA and HEADERS. */
  endStream: 0x1,
  /** Of SETTINGS and PING. */
  ack: 0x1,
  /** Of HEADERS and CONTINUATION. */
  endHeaders: 0x4,
  /** Of DATA and HEADERS. */
  padded: 0x8,
  /** Of HEADERS. */
  priority: 0x20,
} as const;

/** Section 6.5.2. */
export const Setting = {
  headerTableSize: 0x1,
  enablePush: 0x2,
  maxConcurrentStreams: 0x3,
  initialWindowSize: 0x4,
  maxFrameSize: 0x5,
  maxHeaderListSize: 0x6,
} as const;

/** Section 7. */
export const ErrorCode = {
  noError: 0x0,
  protocolError: 0x1,
  internalError: 0x2,
  flowControlError: 0x3,
  settingsTimeout: 0x4,
  streamClosed: 0x5,
  frameSizeError: 0x6,
  refusedStream: 0x7,
  cancel: 0x8,
  compressionError: 0x9,
  connectError: 0xa,
  enhanceYourCalm: 0xb,
  inadequateSecurity: 0xc,
  http11Required: 0xd,
} as const;

/** Section 6.9.2: of a connection, and of each stream until the peer says otherwise. */
export const initialWindowBytes = 65_535;

/** Section 6.9.1. */
export const maxWindowBytes = 2 ** 31 - 1;

/** Section 4.2: what every peer takes, and all that this lane sends or takes. */
export const maxFrameBytes = 16_384;

/** Section 5.1.1. */
export const maxStreamId = 2 ** 31 - 1;

/** What ends a connection (section 5.4.1): its code goes out in GOAWAY, its text as debug data. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}
