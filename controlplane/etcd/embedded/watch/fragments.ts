import { Event } from '../../gen/kv.ts';
import type { WatchResponse } from '../../gen/rpc.ts';
import { maxMessageBytes } from '../rpc.ts';

/**
 * Cuts a response into several of about the size of a request, at most; all but the last are marked as fragments. One
 * event is never cut. https://github.com/etcd-io/etcd, `sendFragments` in `server/etcdserver/api/v3rpc/watch.go`
 */
export function* fragmentsOf(response: WatchResponse): Generator<WatchResponse> {
  let events: Event[] = [];
  let bytes = 0;
  for (const event of response.events) {
    const eventBytes = Event.encode(event).finish().length;
    if (events.length > 0 && bytes + eventBytes > maxMessageBytes) {
      yield { ...response, events, fragment: true };
      events = [];
      bytes = 0;
    }
    events.push(event);
    bytes += eventBytes;
  }
  yield { ...response, events };
}
