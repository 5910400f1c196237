import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { createHttp1Server } from '../../downstream/http1-server.ts';
import type { Lane } from '../../downstream/lane.types.ts';
import type { Timeouts } from '../../limits.ts';
import { type BeginOptions, beginExchange } from '../begin.ts';
import type { Serve } from './serve.ts';
import { asksForWebSocket, headWithoutUpgrade } from './upgrade.ts';

export interface Http1LaneOptions extends BeginOptions {
  readonly serve: Serve<IncomingMessage, ServerResponse>;
  readonly serveWebSocket: Serve<IncomingMessage, ServerResponse>;
  readonly timeouts: Timeouts;
}

/** HTTP/1.x and WebSockets, on `node:http`. */
export function createHttp1Lane({ serve, serveWebSocket, timeouts, ...beginOptions }: Http1LaneOptions): Lane {
  const server = createHttp1Server(timeouts);
  let isDraining = false;

  server.on('request', (request, response) => {
    if (isDraining) response.shouldKeepAlive = false;
    response.once('close', () => {
      if (isDraining) setImmediate(() => server.closeIdleConnections());
    });
    serve(beginExchange(request, response, request.httpVersion === '1.0' ? 'HTTP/1.0' : 'HTTP/1.1', beginOptions));
  });

  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    // A client may reset its connection before http-proxy listens.
    socket.on('error', () => {});
    socket.unshift(head);
    if (!asksForWebSocket(request)) {
      socket.unshift(headWithoutUpgrade(request));
      server.emit('connection', socket);
      return;
    }
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket);
    response.once('finish', () => socket.destroySoon());
    serveWebSocket(beginExchange(request, response, 'WebSocket', beginOptions));
  });

  return {
    accept(socket) {
      server.emit('connection', socket);
      socket.resume();
    },
    drain() {
      isDraining = true;
      server.closeIdleConnections();
    },
  };
}
