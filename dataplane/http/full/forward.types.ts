import type { Fields } from '../../headers/fields.ts';
import type { RoutedInstance } from '../../routes/table.ts';
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
  /** Without framing. */
  readonly fields: Fields;
  /** Not to be sent on a connection that was used before: one of those just failed. */
  readonly freshConnection: boolean;
}
