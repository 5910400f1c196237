import { type handleBidiStreamingCall, status } from '@grpc/grpc-js';
import { RoutesService, type SubscribeRequest, SubscribeResponse } from '../gen/micro/routes/v1/routes.ts';
import type { RouteSource, RouteSubscription, RouteUpdate } from './source.ts';

/** Updates as they are sent, which many data planes get. */
const encoded = new WeakMap<object, Buffer>();

function encodeOnce(response: SubscribeResponse): Buffer {
  const update = response.update?.value;
  const known = update && encoded.get(update);
  if (known) return known;
  const bytes = Buffer.from(SubscribeResponse.encode(response).finish());
  if (update) encoded.set(update, bytes);
  return bytes;
}

/** `RoutesService`, but that an update which goes to many data planes is encoded once. */
export const routesServiceDefinition = {
  ...RoutesService,
  subscribe: { ...RoutesService.subscribe, responseSerialize: encodeOnce },
} as const satisfies typeof RoutesService;

/**
 * Serves a route source to the data planes that call `Routes.Subscribe`: each call is one subscriber, whose acks and
 * nacks come over the stream.
 */
export function serveRoutes(source: RouteSource): handleBidiStreamingCall<SubscribeRequest, SubscribeResponse> {
  return (call) => {
    let subscription: RouteSubscription | undefined;
    let unanswered: Unanswered | undefined;
    let draining: Set<string> = new Set();
    let ended = false;

    const answer = (outcome: (waiting: Unanswered) => void, revision: bigint) => {
      if (unanswered?.revision !== revision) {
        refuse(`an answer for revision ${revision}, which was not asked for`);
        return;
      }
      const waiting = unanswered;
      unanswered = undefined;
      outcome(waiting);
    };

    const end = (reason: string) => {
      if (ended) return;
      ended = true;
      // However it ended, its calls may go on: a data plane that leaves for good has drained everything before.
      subscription?.close('lost');
      unanswered?.reject(new Error(reason));
      unanswered = undefined;
    };

    const refuse = (what: string) => {
      end(what);
      call.emit('error', { code: status.INVALID_ARGUMENT, details: `the data plane sent ${what}` });
    };

    call.on('data', ({ message }: SubscribeRequest) => {
      // Messages that were on their way when the stream ended.
      if (ended) return undefined;
      switch (message?.$case) {
        case 'hello':
          if (subscription) return refuse('a second hello');
          subscription = source.subscribe({
            name: message.value.dataPlane,
            httpAddress: message.value.httpAddress,
            httpUsesTls: message.value.httpUsesTls,
            revision: () => message.value.revision,
            apply: (update) =>
              new Promise((resolve, reject) => {
                unanswered = { revision: update.value.revision, resolve, reject };
                call.write({ update });
              }),
            draining: () => draining,
            connection: (state) => {
              // A source that is lost here is lost to the data plane too: it may know another.
              if (state.status === 'disconnected')
                call.emit('error', { code: status.UNAVAILABLE, details: state.reason });
            },
          });
          return undefined;
        case 'ack':
          draining = new Set(message.value.draining);
          return answer((waiting) => waiting.resolve(), message.value.revision);
        case 'nack': {
          const { reason, revision } = message.value;
          return answer((waiting) => waiting.reject(new Error(reason)), revision);
        }
        case 'drained':
          draining.delete(message.value.address);
          return subscription?.drained(message.value.address);
        default:
          // Of a data plane newer than this control plane. Nothing waits for it, as it is no answer.
          return undefined;
      }
    });
    call.on('end', () => {
      end('the data plane ended the stream');
      call.end();
    });
    call.on('cancelled', () => end('the data plane went away'));
    call.on('error', () => end('the stream to the data plane broke'));
  };
}

interface Unanswered {
  readonly revision: RouteUpdate['value']['revision'];
  resolve(): void;
  reject(reason: Error): void;
}
