import {
  type ChannelCredentials,
  type ChannelOptions as GrpcOptions,
  type ClientOptions,
  credentials,
  type Interceptor,
  InterceptingCall,
  type ServiceError,
} from '@grpc/grpc-js';
import { type Address, formatAddress } from './address.ts';
import { setToken } from './token.ts';

export interface ChannelOptions {
  /** Sent with every call; a call to an internal system needs it. */
  readonly token?: string | undefined;
  /** Longest time for a unary call, 5,000 ms by default. Streams have none. */
  readonly unaryDeadlineMs?: number;
  /** Default: peers do not know each other, and nothing is encrypted. */
  readonly tls?: ChannelTls | undefined;
}

/** How the two ends of a channel know each other. */
export interface ChannelTls {
  readonly credentials: ChannelCredentials;
  /** What the certificate of the server is for, wherever the server is. */
  readonly serverName: string;
}

/** The credentials of a channel, and options that go with them. */
export function channelSecurity(tls: ChannelTls | undefined): {
  readonly credentials: ChannelCredentials;
  readonly options: GrpcOptions;
} {
  if (tls === undefined) return { credentials: credentials.createInsecure(), options: {} };
  return { credentials: tls.credentials, options: { 'grpc.ssl_target_name_override': tls.serverName } };
}

/**
 * Makes a generated client for an address, "host:port" or a Unix socket. Nothing is dialled before the first call.
 *
 * A peer that stops answering is noticed by keep-alive pings within 20 s, and the calls to it fail with UNAVAILABLE.
 */
export function connect<Client>(
  Client: new (target: string, credentials: ChannelCredentials, options: Partial<ClientOptions>) => Client,
  address: Address,
  { token, unaryDeadlineMs = 5_000, tls }: ChannelOptions = {},
): Client {
  const security = channelSecurity(tls);
  return new Client(formatAddress(address), security.credentials, {
    ...security.options,
    interceptors: [unaryDeadline(unaryDeadlineMs), ...(token === undefined ? [] : [sendToken(token)])],
    // Peers are named outright; the http_proxy variables of the environment are for the web.
    'grpc.enable_http_proxy': 0,
    // A route table may be of any size; what a peer may send is bounded by the peer being ours.
    'grpc.max_receive_message_length': -1,
    'grpc.keepalive_time_ms': 15_000,
    'grpc.keepalive_timeout_ms': 5_000,
    // By itself grpc-js waits up to 2 minutes before it tries again; callers here wait by their own measure.
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 1_000,
  });
}

/** Turns a unary call of a generated client, which takes a callback, into a promise. */
export function unary<Response>(
  start: (callback: (error: ServiceError | null, response: Response) => void) => unknown,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    start((error, response) => {
      if (error) reject(error);
      else resolve(response);
    });
  });
}

function unaryDeadline(deadlineMs: number): Interceptor {
  return (options, nextCall) => {
    const { requestStream, responseStream } = options.method_definition;
    if (requestStream || responseStream || options.deadline !== undefined)
      return new InterceptingCall(nextCall(options));
    return new InterceptingCall(nextCall({ ...options, deadline: Date.now() + deadlineMs }));
  };
}

function sendToken(token: string): Interceptor {
  return (options, nextCall) =>
    new InterceptingCall(nextCall(options), {
      start(metadata, listener, next) {
        setToken(metadata, token);
        next(metadata, listener);
      },
    });
}
