import {
  Server,
  ServerCredentials,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
  type ServiceDefinition,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { type Address, formatAddress } from '../../proto/channel/address.ts';
import { hasToken } from '../../proto/channel/token.ts';
import { ControlPlaneError } from '../errors.ts';

/** The gRPC listener of the control plane (`--control`): what the internal systems answer on. */
export interface ControlServer {
  /** As bound: the port is never 0. */
  readonly address: Address;
  /** Answers calls of one service from now on. */
  add(service: ServiceDefinition, implementation: UntypedServiceImplementation): void;
  /** Ends the calls that never end by themselves, and takes no more of them. */
  endStreams(): void;
  /** Lets unary calls finish for `graceMs`, then ends what is left. */
  stop(graceMs?: number): Promise<void>;
}

export interface ControlServerOptions {
  readonly listen: Address;
  readonly token: string;
  /** Methods whose calls end only with their callers, or with `endStreams`. */
  readonly endless?: readonly { readonly path: string }[];
}

/**
 * Starts to listen. Every call needs the control token, whatever the service.
 *
 * @throws ControlPlaneError `conflict` when the port is taken, `failed` when it cannot be had otherwise
 */
export async function startControlServer(options: ControlServerOptions): Promise<ControlServer> {
  const { listen, token, endless = [] } = options;
  const streams = new EndlessStreams(endless.map(({ path }) => path));
  const server = new Server({
    interceptors: [requireToken(token), streams.interceptor],
    'grpc.max_concurrent_streams': 1_000,
    // A data plane that went away without a word is noticed within 20 s.
    'grpc.keepalive_time_ms': 15_000,
    'grpc.keepalive_timeout_ms': 5_000,
  });
  const credentials = ServerCredentials.createInsecure();
  const port = await bindGrpc(server, { name: 'control', flag: '--control', listen, credentials });
  return {
    address: 'path' in listen ? listen : { host: listen.host, port },
    add: (service, implementation) => server.addService(service, implementation),
    endStreams: () => streams.end(),
    stop: (graceMs = 500) => endGrpc(server, graceMs),
  };
}

/**
 * Binds a gRPC server. Returns the port, which is never 0 but for a Unix socket.
 *
 * @param options.flag which names another address, as `hostFlag` names another host where that is not the same
 * @throws ControlPlaneError `conflict` when the port is taken, `failed` when it cannot be had otherwise
 */
export function bindGrpc(
  server: Server,
  options: {
    readonly name: string;
    readonly flag: string;
    readonly hostFlag?: string;
    readonly listen: Address;
    readonly credentials: ServerCredentials;
  },
): Promise<number> {
  const { name, flag, hostFlag = flag, listen, credentials } = options;
  const bound = 'host' in listen && listen.host === '' ? { ...listen, host: '0.0.0.0' } : listen;
  return new Promise((resolve, reject) => {
    server.bindAsync(formatAddress(bound), credentials, (error, port) => {
      if (error === null) return resolve(port);
      const where = `${name} cannot listen on ${formatAddress(listen)}`;
      const taken = error.message.includes('EADDRINUSE');
      const why = taken
        ? `the port is taken; choose another with ${flag}`
        : error.message.includes('EADDRNOTAVAIL')
          ? `this machine has no such address; name one of its own with ${hostFlag}`
          : `${error.message}; choose another address with ${flag}`;
      return reject(new ControlPlaneError(taken ? 'conflict' : 'failed', `${where}: ${why}`, { cause: error }));
    });
  });
}

/** Lets calls finish for `graceMs`, then ends what is left. */
export function endGrpc(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    // tryShutdown waits for streams, which end only with their clients.
    const force = setTimeout(() => server.forceShutdown(), graceMs);
    server.tryShutdown(() => {
      clearTimeout(force);
      resolve();
    });
  });
}

/** The open calls of methods that never end by themselves. */
class EndlessStreams {
  readonly #open = new Set<ServerInterceptingCallInterface>();
  readonly #paths: ReadonlySet<string>;
  #ended = false;

  constructor(paths: readonly string[]) {
    this.#paths = new Set(paths);
  }

  readonly interceptor: ServerInterceptor = ({ path }, call) => {
    if (!this.#paths.has(path)) return new ServerInterceptingCall(call);
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, proceed) => {
            if (this.#ended) return call.sendStatus(stopping);
            this.#open.add(call);
            return proceed(metadata);
          },
          onCancel: () => void this.#open.delete(call),
        }),
      sendStatus: (sent, proceed) => {
        this.#open.delete(call);
        proceed(sent);
      },
    });
  };

  end(): void {
    this.#ended = true;
    for (const call of this.#open) call.sendStatus(stopping);
    this.#open.clear();
  }
}

const stopping = { code: status.UNAVAILABLE, details: 'the server is stopping' };

function requireToken(token: string): ServerInterceptor {
  return (_method, call) =>
    new ServerInterceptingCall(call, {
      start(next) {
        next({
          onReceiveMetadata(metadata, proceed) {
            if (hasToken(metadata, token)) return proceed(metadata);
            const details = metadata.get('authorization').length === 0 ? missingToken : wrongToken;
            return call.sendStatus({ code: status.UNAUTHENTICATED, details });
          },
        });
      },
    });
}

const missingToken = 'a call to an internal system needs the control token: send it as "authorization: Bearer <token>"';
const wrongToken = 'the token is not the control token of this server';
