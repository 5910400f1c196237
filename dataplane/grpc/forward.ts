import {
  constants,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
  type OutgoingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import { status } from '@grpc/grpc-js';
import type { RoutedInstance } from '../routes/table.ts';
import type { PooledSession } from '../upstream/pooled-session.ts';
import type { CallBody } from './body.ts';
import type { Reply } from './reply.ts';

export interface ForwardedCall {
  readonly stream: ServerHttp2Stream;
  readonly headers: OutgoingHttpHeaders;
  readonly body: CallBody;
  readonly reply: Reply;
  readonly instance: RoutedInstance;
}

/**
 * How a forwarded call ended:
 *
 * - `over`     answered, reset or cancelled
 * - `lost`     the instance reset it unanswered, or the connection broke under it; the client has been told
 * - `refused`  the instance refused it before it did anything, so that it can go to another
 */
export type Outcome = 'over' | 'lost' | 'refused';

/** Sends one call to an instance, and what it answers back. Resolves when that has ended. */
export function forward(
  session: PooledSession,
  { stream, headers, body, reply, instance }: ForwardedCall,
): Promise<Outcome> {
  return new Promise((resolve) => {
    const upstream = session.request(headers, { endStream: body.isEmpty });

    upstream.once('response', (head: IncomingHttpHeaders & IncomingHttpStatusHeader, flags: number) => {
      instance.state.answered(head[':status']);
      body.settle();
      reply.relay(upstream, head, (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0);
    });
    // A stream that fails closes too, with its code.
    upstream.on('error', () => {});
    upstream.once('close', () => {
      stream.off('close', cancel);
      if (upstream.rstCode === constants.NGHTTP2_REFUSED_STREAM && !reply.hasBegun) return resolve('refused');
      if (reply.isOver) return resolve('over');
      const isLost = session.isLost || !reply.hasBegun;
      endUnfinished(reply, session, upstream.rstCode);
      return resolve(isLost ? 'lost' : 'over');
    });

    // A client that cancels, or a deadline, ends the work of the instance. A stream that the instance has closed stays
    // for as long as it holds what the instance did not take.
    const cancel = (): void => {
      if (upstream.closed) upstream.destroy();
      else upstream.close(stream.rstCode || constants.NGHTTP2_CANCEL);
    };
    stream.once('close', cancel);
    body.sendTo(upstream);
  });
}

/** Ends a call whose stream to the instance closed before the answer had ended. */
function endUnfinished(reply: Reply, session: PooledSession, errorCode: number): void {
  if (session.isLost) reply.fail(status.UNAVAILABLE, 'the connection to the instance was lost');
  else if (errorCode !== constants.NGHTTP2_NO_ERROR) reply.reset(errorCode);
  else reply.fail(status.UNAVAILABLE, 'the instance ended the call before its answer');
}
