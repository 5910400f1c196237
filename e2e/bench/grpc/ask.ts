import { once } from 'node:events';
import { connect, type IncomingHttpHeaders } from 'node:http2';
import { buffer } from 'node:stream/consumers';
import { type Exchange, messageOf, pathOf } from './exchange.ts';

interface Answer {
  readonly headers: IncomingHttpHeaders;
  /** Messages, framed. */
  readonly body: Buffer;
  readonly trailers: IncomingHttpHeaders;
}

/** One call on a connection of its own. Rejects when it, or its answer, breaks. */
export async function ask(address: string, exchange: Exchange, signal: AbortSignal): Promise<Answer> {
  const session = connect(`http://${address}`);
  // What breaks the connection breaks the call too.
  session.on('error', () => undefined);
  try {
    const call = session.request(
      { ':method': 'POST', ':path': pathOf(exchange), 'content-type': 'application/grpc', te: 'trailers' },
      { signal },
    );
    let trailers: IncomingHttpHeaders = {};
    call.once('trailers', (received: IncomingHttpHeaders) => {
      trailers = received;
    });
    call.end(messageOf(exchange));
    const [[headers], body] = (await Promise.all([once(call, 'response'), buffer(call)])) as [
      [IncomingHttpHeaders],
      Buffer,
    ];
    return { headers, body, trailers };
  } finally {
    session.close();
  }
}
