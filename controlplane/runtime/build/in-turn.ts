import type { LimitFunction } from 'p-limit';

/**
 * Does `work` when `limit` lets it. Who gives up before its turn has come is told at once, and not when it would have
 * come.
 */
export async function inTurn<Result>(
  limit: LimitFunction,
  signal: AbortSignal,
  work: () => Promise<Result>,
): Promise<Result> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const giveUp = (): void => reject(signal.reason);
    signal.addEventListener('abort', giveUp, { once: true });
    const turn = limit(async () => {
      signal.removeEventListener('abort', giveUp);
      signal.throwIfAborted();
      return work();
    });
    turn.then(resolve, reject);
  });
}
