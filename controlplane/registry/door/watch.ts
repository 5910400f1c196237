import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { WatchCreateRequest, WatchRequest, WatchResponse, WatchServer } from '../../etcd/gen/rpc.ts';
import { checkRead, Denied } from './access.ts';
import { metadataOf, passBack } from './forward.ts';
import type { Upstream } from './upstream.ts';

type Stream = ServerDuplexStream<WatchRequest, WatchResponse>;

/** etcd's Watch service, for keys of the registry. */
export function watchService(upstream: Upstream): WatchServer {
  return {
    watch: (call) => {
      const { endpoint } = upstream;
      const forwarded = endpoint.watch.watch(metadataOf(call.metadata));
      const denials = orderDenials(call);
      passBack(forwarded, call, {
        response: ({ created }) => created && denials.confirmed(),
        end: (code) => upstream.ended(endpoint, code),
      });
      call.on('data', (request: WatchRequest) => {
        if (request.requestUnion?.$case === 'createRequest') {
          const denied = denialOf(request.requestUnion.value);
          denials.add(denied);
          if (denied) return;
        }
        if (!forwarded.write(request)) call.pause();
      });
      forwarded.on('drain', () => call.resume());
    },
  };
}

/** A watch without a key is one from the first key on. */
function denialOf({ key, rangeEnd }: WatchCreateRequest): Denied | undefined {
  try {
    checkRead({ key, rangeEnd });
    return undefined;
  } catch (error) {
    if (error instanceof Denied) return error;
    throw error;
  }
}

/**
 * Answers denied watches as etcd answers those it refuses: created and canceled at once. Clients match answers to their
 * requests by order, so that a denial waits until etcd has confirmed the watches asked for before.
 */
function orderDenials(call: Stream): { add(denied: Denied | undefined): void; confirmed(): void } {
  const pending: (Denied | undefined)[] = [];
  const flush = (): void => {
    while (pending[0] !== undefined) call.write(refusal(pending.shift() as Denied));
  };
  return {
    add: (denied) => {
      pending.push(denied);
      flush();
    },
    confirmed: () => {
      pending.shift();
      flush();
    },
  };
}

function refusal({ details }: Denied): WatchResponse {
  return {
    header: undefined,
    watchId: -1n,
    created: true,
    canceled: true,
    cancelReason: details,
    compactRevision: 0n,
    fragment: false,
    events: [],
  };
}
