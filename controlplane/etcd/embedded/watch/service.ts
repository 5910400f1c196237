import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { WatchRequest, WatchResponse, WatchServer } from '../../gen/rpc.ts';
import { refusal } from '../errors.ts';
import { type ServiceOptions, toStatus } from '../rpc.ts';
import { WatchStream } from './stream.ts';

/** etcd's default: how often a quiet watch with `progress_notify` is told where it is, in milliseconds. */
const progressNotifyMs = 10 * 60_000;

export interface WatchHub {
  readonly service: WatchServer;
  /** Ends every stream as a server that stops; clients go on elsewhere, or later. */
  stop(): void;
}

/** etcd's Watch service: https://etcd.io/docs/v3.6/learning/api/#watch-api */
export function startWatchHub({ store, log }: ServiceOptions): WatchHub {
  const streams = new Map<WatchStream, ServerDuplexStream<WatchRequest, WatchResponse>>();
  const unsubscribe = store.onCommit((commit) => {
    for (const stream of streams.keys()) stream.publish(commit);
  });
  const progress = setInterval(() => {
    for (const stream of streams.keys()) stream.notifyProgress();
  }, progressNotifyMs);

  return {
    service: {
      watch: (call) => {
        const stream = new WatchStream({ store, send: (response) => call.write(response) });
        streams.set(stream, call);
        const close = (): void => {
          streams.delete(stream);
          stream.close();
        };
        call.on('data', (request: WatchRequest) => {
          try {
            receive(stream, request);
          } catch (error) {
            close();
            call.emit('error', toStatus(log, call.getPath(), error));
          }
          // A client that does not read its answers is not read from either.
          if (call.writableNeedDrain) call.pause();
        });
        call.on('drain', () => {
          call.resume();
          stream.drained();
        });
        call.on('end', () => {
          close();
          call.end();
        });
        call.on('cancelled', close);
        call.on('close', close);
        // The client went away: 'close' follows.
        call.on('error', () => undefined);
      },
    },
    stop: () => {
      clearInterval(progress);
      unsubscribe();
      for (const [stream, call] of streams) {
        stream.close();
        call.emit('error', toStatus(log, call.getPath(), refusal('stopped')));
      }
      streams.clear();
    },
  };
}

function receive(stream: WatchStream, { requestUnion }: WatchRequest): void {
  switch (requestUnion?.$case) {
    case 'createRequest':
      return stream.create(requestUnion.value);
    case 'cancelRequest':
      return stream.cancel(requestUnion.value.watchId);
    case 'progressRequest':
      return stream.requestProgress();
    default:
      // etcd, too, ignores what it does not know: a newer client may send it.
      return undefined;
  }
}
