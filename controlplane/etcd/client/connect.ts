import {
  Channel,
  type ChannelCredentials,
  type ChannelOptions,
  InterceptingCall,
  type Interceptor,
} from '@grpc/grpc-js';
import { circuitBreaker, ConsecutiveBreaker, handleWhen, noop } from 'cockatiel';
import { Etcd3, isRecoverableError } from 'etcd3';
import { channelSecurity, type ChannelTls } from '../../../proto/channel/client.ts';
import { storePolicy } from './store-policy.ts';

export interface EtcdOptions {
  /** Where the store listens: "host:port" each, or one "unix:/path". */
  readonly hosts: readonly string[];
  /** How long one call may take, in milliseconds. Default 5000. */
  readonly timeoutMs?: number;
  /** How client and store know each other. Default: they do not, and nothing is encrypted. */
  readonly tls?: ChannelTls;
  /** Says why the store does not answer, when somebody knows better than the calls that fail. */
  readonly explain?: () => string | undefined;
}

/** An answer larger than this is refused: etcd's own limit on a request is 1.5 MiB. */
const maxAnswerBytes = 16 * 1024 * 1024;

/** After a failure, how long a host is left alone while there are others, in milliseconds. */
const restMs = 5_000;

/**
 * Makes a client of the store; connects on the first call. `close()` frees its connections.
 *
 * Beyond what `etcd3` does by itself, every call has a deadline, and fails as ControlPlaneError `unavailable` when the
 * store does not answer; streams end when the member that serves them loses its leader; nothing goes through a proxy.
 */
export function connectEtcd({ hosts, timeoutMs = 5_000, tls, explain }: EtcdOptions): Etcd3 {
  return new Etcd3({
    hosts: [...hosts],
    defaultCallOptions: ({ isStream }) => (isStream ? {} : { deadline: Date.now() + timeoutMs }),
    grpcOptions: {
      'grpc.enable_http_proxy': 0,
      'grpc.max_receive_message_length': maxAnswerBytes,
      // A server that is frozen keeps its connections. etcd cuts off clients that ping more often than every 5 s.
      'grpc.keepalive_time_ms': 10_000,
      'grpc.keepalive_timeout_ms': 5_000,
      // grpc-js would wait up to 2 minutes before it tries again; callers here wait by their own measure.
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 1_000,
      interceptors: [requireLeader],
      // etcd3 itself takes certificates as text, which could not be renewed.
      ...(tls && { channelFactoryOverride: channelWith(tls) }),
    },
    faultHandling: {
      global: storePolicy(hosts, explain),
      // With one host there is nobody else to ask, and a breaker would only delay its return.
      host: () =>
        hosts.length === 1
          ? noop
          : circuitBreaker(handleWhen(isRecoverableError), {
              halfOpenAfter: restMs,
              breaker: new ConsecutiveBreaker(1),
            }),
    },
  });
}

function channelWith(tls: ChannelTls) {
  const security = channelSecurity(tls);
  return (address: string, _insecure: ChannelCredentials, options: ChannelOptions) =>
    new Channel(address, security.credentials, { ...options, ...security.options });
}

/**
 * Without this a watch on a member that is cut off from its quorum stays open and silent.
 * https://pkg.go.dev/go.etcd.io/etcd/client/v3#WithRequireLeader
 */
const requireLeader: Interceptor = (options, nextCall) =>
  new InterceptingCall(nextCall(options), {
    start(metadata, listener, next) {
      const own = metadata.clone();
      if (options.method_definition.responseStream) own.set('hasleader', 'true');
      next(own, listener);
    },
  });
