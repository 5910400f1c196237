import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { createHttp1Server } from '../../downstream/http1-server.ts';
import type { Lane } from '../../downstream/lane.types.ts';
import type { Timeouts } from '../../limits.ts';
import { type BeginOptions, beginExchange } from './begin.ts';
import { endAbandoned } from './half-closed.ts';
import type { Serve } from './serve.ts';
import { asksForWebSocket, headWithoutUpgrade } from './upgrade.ts';

export interface Http1LaneOptions extends BeginOptions {
  readonly serve: Serve<IncomingMessage, ServerResponse>;
  readonly serveWebSocket: Serve<IncomingMessage, ServerResponse>;
  readonly timeouts: Timeouts;
}

/** HTTP/1.x and WebSockets, on `node:http`. */
export function createHttp1Lane({ serve, serveWebSocket, timeouts, ...beginOptions }: Http1LaneOptions): Lane {
  const { server, openAnswers, ...lane } = createHttp1Server(timeouts);

  server.on('request', (request, response) => {
    serve(beginExchange(request, response, request.httpVersion === '1.0' ? 'HTTP/1.0' : 'HTTP/1.1', beginOptions));
  });

  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    // A client may reset its connection before http-proxy listens.
    socket.on('error', () => {});
    // Node emits an upgrade as soon as it is read, whatever was asked before it on the connection and is not answered yet:
    // two answers would be written at once. No client is known to pipeline an upgrade.
    if (openAnswers.anyOn(socket)) {
      socket.destroy();
      return;
    }
    socket.unshift(head);
    if (asksForWebSocket(request)) serveUpgrade(request, socket);
    else serveWithoutUpgrade(request, socket);
  });

  function serveUpgrade(request: IncomingMessage, socket: Socket): void {
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket);
    response.once('finish', () => socket.destroySoon());
    serveWebSocket(beginExchange(request, response, 'WebSocket', beginOptions));
  }

  function serveWithoutUpgrade(request: IncomingMessage, socket: Socket): void {
    socket.unshift(headWithoutUpgrade(request));
    // The server listens anew; what it leaves on a socket that it gave away would add up.
    for (const event of ['error', 'timeout']) socket.removeAllListeners(event);
    socket.setTimeout(0);
    server.emit('connection', socket);
  }

  return {
    ...lane,
    accept(socket) {
      endAbandoned(socket, timeouts.halfClosedMs);
      lane.accept(socket);
    },
  };
}
