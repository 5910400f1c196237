/** How much of something a peer may do: so many at once, and so many more a second. */
export interface Allowance {
  readonly burst: number;
  readonly perSecond: number;
}

/** How much one peer of the gRPC lane may make it keep, and do for nothing. */
export interface GrpcBounds {
  /** Calls that a client may have open at once on one connection; those above it are refused. */
  readonly streams: number;
  /** What a header list may come to, in bytes, as RFC 9113 section 6.5.2 counts. */
  readonly headerListBytes: number;
  /** DATA that is taken in of a stream before it has left, in bytes. */
  readonly streamWindowBytes: number;
  /** The same of a stream that has much to say, so that it need not wait for each update of its window. */
  readonly wideWindowBytes: number;
  /** Streams of a connection that may have such a window at once. */
  readonly wideStreams: number;
  /**
   * DATA on its way to us on all streams of a connection, in bytes. It is given back as soon as it is read, whatever becomes
   * of it: a stream that nobody takes from holds the others up no more than its own window.
   */
  readonly connectionWindowBytes: number;
  /**
   * Streams that a client may reset, or make us reset by breaking the rules: to open and reset them costs it nothing, and
   * an instance a call (CVE-2023-44487, CVE-2025-8671).
   */
  readonly resets: Allowance;
  readonly pings: Allowance;
  readonly settings: Allowance;
  readonly priorities: Allowance;
  /** DATA without END_STREAM that is shorter than the head of a gRPC message. */
  readonly tinyData: Allowance;
  /** Updates of windows beyond two for each DATA frame that was sent: one of its stream, one of the connection. */
  readonly windowUpdates: Allowance;
}

/** A peer that means well does little of what is bounded by allowances, each of which costs us as much as a call. */
export const defaultGrpcBounds: GrpcBounds = {
  streams: 1_000,
  headerListBytes: 16 * 1024,
  // Room for a message of 64 KiB, and for the next one behind it.
  streamWindowBytes: 128 * 1024,
  wideWindowBytes: 256 * 1024,
  wideStreams: 64,
  connectionWindowBytes: 1024 * 1024,
  resets: { burst: 1_000, perSecond: 100 },
  pings: { burst: 1_000, perSecond: 100 },
  settings: { burst: 100, perSecond: 10 },
  priorities: { burst: 10_000, perSecond: 1_000 },
  tinyData: { burst: 10_000, perSecond: 1_000 },
  windowUpdates: { burst: 100_000, perSecond: 50_000 },
};
