import { createServer, type Http2Server, type ServerHttp2Session } from 'node:http2';
import { maxConcurrentStreams, maxHeadBytes, maxHeaderCount, type Timeouts } from '../limits.ts';
import type { Lane } from './lane.types.ts';

/** An HTTP/2 server for connections that are accepted elsewhere. It drains by GOAWAY (RFC 9113 section 6.8). */
export interface InjectedHttp2Server extends Lane {
  readonly server: Http2Server;
}

/** Node bounds resets of streams, pings and settings by itself; what is set here bounds the rest a peer can send. */
export function createHttp2Server({ idleMs }: Pick<Timeouts, 'idleMs'>): InjectedHttp2Server {
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer({
    settings: { maxConcurrentStreams, maxHeaderListSize: maxHeadBytes },
    // Beside the four pseudo-headers.
    maxHeaderListPairs: maxHeaderCount + 4,
    maxSessionInvalidFrames: 100,
    maxSessionRejectedStreams: 100,
    maxOutstandingPings: 10,
  });
  server.on('session', (session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
    // What fails a session fails its streams too, and each of them tells its call.
    session.on('error', () => {});
    let streams = 0;
    session.on('stream', (stream) => {
      streams += 1;
      stream.once('close', () => {
        streams -= 1;
      });
    });
    session.setTimeout(idleMs, () => {
      if (streams === 0) session.close();
    });
  });

  /** What a client asks for after that it asks for again elsewhere: the GOAWAY says what was still taken. */
  function goAway(): void {
    for (const session of sessions) session.close();
  }

  return {
    server,
    accept(socket) {
      // A client that ends its side has no more to ask of an HTTP/2 connection.
      socket.allowHalfOpen = false;
      server.emit('connection', socket);
    },
    // Connections that are made after that are served: their clients did not find another server yet.
    drain: goAway,
    closeIdle: goAway,
  };
}
