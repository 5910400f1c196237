import type { HeaderFields } from '../headers/hop-by-hop.ts';
import type { RoutedInstance } from '../routes/table.ts';
import type { AnyRequest, AnyResponse, Exchange } from './exchange.ts';

/**
 * Sends one request to one instance and its answer back.
 *
 * Resolves when the exchange is over: the answer went out whole, or broke off, or the client left.
 *
 * @throws ForwardFailure while nothing of an answer went out, so that another instance can be tried
 */
export type Forward<Request extends AnyRequest = AnyRequest, Response extends AnyResponse = AnyResponse> = (
  exchange: Exchange<Request, Response>,
  attempt: Attempt,
) => Promise<void>;

export interface Attempt {
  readonly instance: RoutedInstance;
  /** What is asked of the instance: path and query. */
  readonly target: string;
  /** In lower case, without pseudo-headers and framing. */
  readonly headers: Readonly<HeaderFields>;
  /** Not to be sent on a connection that was used before: one of those just failed. */
  readonly freshConnection: boolean;
}

/**
 * - `connect`  the instance could not be reached, or refused before it did anything; nothing of the body was used up
 * - `stale`    a kept connection was reset when it was used again, as happens when the instance closed it meanwhile
 * - `broken`   the connection ended before the head of the answer, or what came was no answer
 * - `slow`     the head of the answer did not come in time
 */
export type ForwardFailureKind = 'connect' | 'stale' | 'broken' | 'slow';

export class ForwardFailure extends Error {
  override readonly name = 'ForwardFailure';
  readonly kind: ForwardFailureKind;

  constructor(kind: ForwardFailureKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}
