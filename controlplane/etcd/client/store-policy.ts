import { handleWhen, type IDefaultPolicyContext, type IPolicy, noop, retry } from 'cockatiel';
import { GRPCDeadlineExceededError, GRPCResourceExhastedError, GRPCUnavailableError, GRPCUnknownError } from 'etcd3';
import { ControlPlaneError } from '../../errors.ts';

/**
 * What `etcd3` does about a call that fails: asks another host when the call surely never left, and says in plain words
 * when the store is away. A call that may have arrived is not repeated: the second one could undo what came between.
 */
export function storePolicy(hosts: readonly string[], explain: Explain = () => undefined): IPolicy {
  return new StorePolicy(hosts, explain);
}

/** Why the store does not answer, when somebody knows better. */
type Explain = () => string | undefined;

class StorePolicy implements IPolicy {
  declare readonly _altReturn: never;
  readonly onSuccess = noop.onSuccess;
  readonly onFailure = noop.onFailure;
  readonly #hosts: readonly string[];
  readonly #explain: Explain;
  readonly #failover: IPolicy;

  constructor(hosts: readonly string[], explain: Explain) {
    this.#hosts = hosts;
    this.#explain = explain;
    this.#failover = retry(handleWhen(neverSent), { maxAttempts: hosts.length - 1 });
  }

  async execute<T>(call: (context: IDefaultPolicyContext) => PromiseLike<T> | T, signal?: AbortSignal): Promise<T> {
    const started = performance.now();
    try {
      return await this.#failover.execute(call, signal);
    } catch (error) {
      throw this.#describe(error, performance.now() - started);
    }
  }

  #describe(error: unknown, elapsedMs: number): unknown {
    const described = describe(error, this.#hosts, elapsedMs);
    const why = described instanceof ControlPlaneError ? this.#explain() : undefined;
    return why === undefined ? described : new ControlPlaneError('unavailable', why, { cause: described });
  }
}

/** grpc-js says this, and only this, when it had no connection to send the call on. */
function neverSent(error: Error): boolean {
  return error instanceof GRPCUnavailableError && error.message.includes('No connection established');
}

function describe(error: unknown, hosts: readonly string[], elapsedMs: number): unknown {
  const store = `etcd at ${hosts.join(', ')}`;
  const seconds = (elapsedMs / 1_000).toFixed(1);
  if (error instanceof GRPCDeadlineExceededError || isDeadlineOfServer(error)) {
    return new ControlPlaneError('unavailable', `${store} did not answer within ${seconds} s`, { cause: error });
  }
  if (error instanceof GRPCUnavailableError) {
    const message = `${store} cannot be reached (tried for ${seconds} s): ${reasonOf(error)}`;
    return new ControlPlaneError('unavailable', message, { cause: error });
  }
  if (error instanceof GRPCResourceExhastedError) {
    return new ControlPlaneError('unavailable', `${store} refused a call: ${reasonOf(error)}`, { cause: error });
  }
  return error;
}

/** What etcd says when it notices before we do that the time is up. */
function isDeadlineOfServer(error: unknown): boolean {
  return error instanceof GRPCUnknownError && error.message.endsWith('context deadline exceeded');
}

/** The text of a gRPC error without the status that grpc-js puts before it, and the empty note that it ends with. */
export function reasonOf(error: Error): string {
  return error.message.replace(/^\d+ [A-Z_]+: /, '').replace(/\.? Resolution note: $/, '');
}
