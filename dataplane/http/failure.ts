/**
 * - `connect`  the instance could not be reached, or refused before it did anything; nothing of the body was used up
 * - `stale`    a kept connection was reset when it was used again, as happens when the instance closed it meanwhile
 * - `broken`   the connection ended before the head of the answer, or what came was no answer
 * - `slow`     the head of the answer did not come in time
 */
export type ForwardFailureKind = 'connect' | 'stale' | 'broken' | 'slow';

/** Why an instance gave no answer. */
export class ForwardFailure extends Error {
  override readonly name = 'ForwardFailure';
  readonly kind: ForwardFailureKind;

  constructor(kind: ForwardFailureKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

// RFC 9110 section 9.2.2.
const idempotentMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

/**
 * Whether a request may be sent to another instance after a failure: when nothing of it was sent, or when to do it twice
 * is to do it once and its body is still in hand.
 */
export function mayTryAgain(kind: ForwardFailureKind, method: string, bodyIsInHand: boolean): boolean {
  if (kind === 'connect') return true;
  return kind !== 'slow' && bodyIsInHand && idempotentMethods.has(method);
}
