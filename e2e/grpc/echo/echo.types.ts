import type { status } from '@grpc/grpc-js';
/**
 * The echo service is there twice, and so is its client: on grpc-js, and on Python's grpcio, which is gRPC's core in C. What
 * they send are bytes of one pattern, so that only sizes travel between a test and a program in another language.
 */
export interface Ask {
  /** "/go.micro.service.echo.Echo/…": see `methods`. */
  readonly path: string;
  /** Bytes of each message to send. */
  readonly sizes: readonly number[];
  /** Keys that end with "-bin" have values in base64. A key may come more than once. */
  readonly metadata?: readonly Pair[];
  /** None by default. */
  readonly timeoutMs?: number;
  /** Whether messages are compressed; default false. */
  readonly gzip?: boolean;
  /** Whether the call waits for a connection that cannot be made yet; default false. */
  readonly waitForReady?: boolean;
  /** Cancels the call when so many messages have come; by default it does not. */
  readonly cancelAfter?: number;
}

export type Pair = readonly [key: string, value: string];

/** Values of one key are joined by ", ", as gRPC allows and grpc-js does with those it receives. */
export type Fields = Readonly<Record<string, string>>;

/** What became of a call. */
export interface Outcome {
  /** A number of gRPC: 0 is OK. */
  readonly code: status;
  /** The status message. */
  readonly details: string;
  /** Bytes of each message that came. */
  readonly sizes: readonly number[];
  /** Whether each was of the pattern, to the last byte. */
  readonly intact: boolean;
  /** Those that were echoed: keys that begin with "x-head-". */
  readonly initial: Fields;
  /** Those that were echoed: keys that begin with "x-tail-", and `grpc-status-details-bin`. */
  readonly trailing: Fields;
}

/** A client in a process of its own, or in that of the test; it keeps to one connection. */
export interface EchoClient extends AsyncDisposable {
  readonly call: (ask: Ask) => Promise<Outcome>;
  /** Makes a call again and again, so many at once; tells how often it ended with each code. */
  readonly repeat: (ask: Ask, times: number, atOnce: number) => Promise<Readonly<Record<number, number>>>;
}

export interface ClientOptions {
  /** "127.0.0.1:8081" */
  readonly address: string;
  /** PEM, of whom to trust; without it the client speaks plain HTTP/2. */
  readonly caFile?: string;
  /** As gRPC's clients name them: "grpc.keepalive_time_ms". */
  readonly channel?: Readonly<Record<string, number | string>>;
}

/** What the service does is in the metadata of a call. */
export const metadataKeys = {
  /** A number: the call fails with this status at once. */
  failWith: 'x-fail-with',
  /** The message of that status, in UTF-8. */
  failMessage: 'x-fail-message-bin',
  /** Sent as `grpc-status-details-bin`. */
  failDetails: 'x-fail-details-bin',
  /** How many answers `Repeat` sends. */
  times: 'x-times',
} as const;

export const methods = {
  /** One message, which is sent back. */
  unary: '/go.micro.service.echo.Echo/Unary',
  /** One message, which is sent back `x-times` times. */
  repeat: '/go.micro.service.echo.Echo/Repeat',
  /** Any number of messages; the answer is of the pattern, as long as they all together. */
  join: '/go.micro.service.echo.Echo/Join',
  /** Any number of messages, each sent back before the next is read. */
  each: '/go.micro.service.echo.Echo/Each',
  /** One message, which is never answered. */
  hold: '/go.micro.service.echo.Echo/Hold',
} as const;
