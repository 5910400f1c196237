import type { RouteSource, RouteSubscription } from './source.ts';

/**
 * A route source that is yet to come. Its subscribers wait for it, and are told that they do.
 *
 * @param source it stays away when this rejects
 * @param reason why it is not there yet
 */
export function lateRoutes(source: Promise<RouteSource>, reason: string): RouteSource {
  return {
    subscribe(subscriber) {
      let subscription: RouteSubscription | undefined;
      let closed = false;
      subscriber.connection({ status: 'disconnected', reason });
      const begin = (come: RouteSource): void => {
        if (!closed) subscription = come.subscribe(subscriber);
      };
      source.then(begin, () => undefined);
      return {
        // Before there is a source nothing is lost: the first ack names what is draining then.
        drained: (address) => subscription?.drained(address),
        close(how) {
          closed = true;
          subscription?.close(how);
        },
      };
    },
  };
}
