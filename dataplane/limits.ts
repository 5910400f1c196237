/** Every time the data plane waits for, in milliseconds. */
export interface Timeouts {
  /** How long a control plane may take to send the first table before the last good one is served. */
  readonly firstTableMs: number;
  /** From a client's connection, or its next request's first byte, to the end of the request's head. */
  readonly requestHeadMs: number;
  /** From a client's connection to its first bytes, and from these to the end of the TLS handshake. */
  readonly tlsHandshakeMs: number;
  /** How long a client's connection may rest between requests. */
  readonly idleMs: number;
  /**
   * How long a client that has ended its side of the connection waits for its answer, or for more of it: whether it
   * listens or is gone, nothing but a write would tell, and an instance should not work for nobody.
   */
  readonly halfClosedMs: number;
  /** How long a connection is still read after its last answer has left, so that the client can read that. */
  readonly lingerMs: number;
  /** For a connection to an instance. */
  readonly connectMs: number;
  /** From the last byte of a request to the head of its answer. */
  readonly answerHeadMs: number;
  /**
   * How long a connection to an HTTP/2 instance may be silent when a call was sent on it, before the instance is asked
   * whether it is there, and how long it may take to say so.
   */
  readonly silentMs: number;
  /** How long a gRPC call waits for an instance that has as many as it takes at once. */
  readonly roomMs: number;
  /**
   * How long a connection to an instance rests before it is closed: below the 5 s after which a Node server closes
   * it, so that seldom a request meets a connection that is being closed.
   */
  readonly upstreamIdleMs: number;
  /** How long new calls are still served after `stop` was called, so that balancers see it and send them elsewhere. */
  readonly drainGraceMs: number;
  /** How long calls in flight may go on after that. */
  readonly drainMs: number;
}

export const defaultTimeouts: Timeouts = {
  firstTableMs: 2_000,
  requestHeadMs: 10_000,
  tlsHandshakeMs: 10_000,
  idleMs: 75_000,
  halfClosedMs: 1_000,
  lingerMs: 2_000,
  connectMs: 1_000,
  answerHeadMs: 60_000,
  silentMs: 5_000,
  roomMs: 60_000,
  upstreamIdleMs: 4_000,
  drainGraceMs: 500,
  drainMs: 10_000,
};

/** Bytes of a request's head; more is a 431. */
export const maxHeadBytes = 16 * 1024;

/** Bytes of a request's path and query; more is a 414. */
export const maxTargetBytes = 8 * 1024;

/** Header lines of a request; more is a 431. */
export const maxHeaderCount = 100;

/**
 * Interim answers (1xx) to one request; an instance that sends more has failed. They are not held back for a client that
 * does not read, as nothing but their number says how much of them is to come.
 */
export const maxInterimAnswers = 32;

/** Streams that one HTTP/2 client of `http` may have open at once on one connection. */
export const maxConcurrentStreams = 250;

/** Health checks of instances that are under way at once. */
export const maxChecksAtOnce = 100;

/** Tries of one call after the first, each on another instance where there is one. */
export const maxRetries = 2;
