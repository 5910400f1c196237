import { Event_EventType } from '../gen/kv.ts';
import { WatchCreateRequest, type WatchRequest, type WatchResponse } from '../gen/rpc.ts';
import { message, type RawClient } from './raw-client.ts';

/** One watch stream, with everything that came on it. */
export interface Watcher {
  readonly responses: readonly WatchResponse[];
  /** How the stream ended, if it did: the gRPC status. */
  readonly ended: { readonly code: number; readonly details: string } | undefined;
  create(fields: Partial<WatchCreateRequest>): void;
  cancel(watchId: bigint): void;
  requestProgress(): void;
  /** "put key=value", "delete key", with "(was value)" where the previous one came along. */
  events(watchId?: bigint): readonly string[];
  pause(): void;
  resume(): void;
  end(): void;
}

export function openWatcher(client: RawClient): Watcher {
  const stream = client.watch();
  const responses: WatchResponse[] = [];
  let ended: Watcher['ended'];
  stream.on('data', (response: WatchResponse) => responses.push(response));
  stream.on('error', () => undefined);
  stream.on('status', ({ code, details }) => {
    ended = { code, details };
  });
  const send = (requestUnion: WatchRequest['requestUnion']): void => void stream.write({ requestUnion });
  return {
    responses,
    get ended() {
      return ended;
    },
    create: (fields) => send({ $case: 'createRequest', value: message(WatchCreateRequest, fields) }),
    cancel: (watchId) => send({ $case: 'cancelRequest', value: { watchId } }),
    requestProgress: () => send({ $case: 'progressRequest', value: {} }),
    events: (watchId) =>
      responses
        .filter((response) => watchId === undefined || response.watchId === watchId)
        .flatMap(({ events }) => events)
        .map(({ type, kv, prevKv }) => {
          const what =
            type === Event_EventType.Put ? `put ${String(kv?.key)}=${String(kv?.value)}` : `delete ${String(kv?.key)}`;
          return prevKv ? `${what} (was ${String(prevKv.value)})` : what;
        }),
    pause: () => void stream.pause(),
    resume: () => void stream.resume(),
    end: () => stream.cancel(),
  };
}
