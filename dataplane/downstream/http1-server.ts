import { createServer, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { maxHeadBytes, type Timeouts } from '../limits.ts';
import { rawErrorAnswer } from './error-answer.ts';
import type { Lane } from './lane.types.ts';
import { OpenAnswers } from './open-answers.ts';

/** An HTTP/1.x server for connections that are accepted elsewhere. It drains by `Connection: close`. */
export interface InjectedHttp1Server extends Lane {
  readonly server: Server;
  readonly openAnswers: OpenAnswers;
}

export function createHttp1Server({ requestHeadMs, idleMs }: Timeouts): InjectedHttp1Server {
  const server = createServer({
    maxHeaderSize: maxHeadBytes,
    headersTimeout: requestHeadMs,
    keepAliveTimeout: idleMs,
    // A body may take its time, as long as it goes on.
    requestTimeout: 0,
    connectionsCheckingInterval: Math.min(requestHeadMs, 1_000),
  });
  // Node goes by what the kernel takes of what is written: a client may be slow.
  server.setTimeout(idleMs, (socket) => {
    if (socket.writableLength > 0 || !openAnswers.anyOn(socket)) socket.destroy();
  });
  // A client that has ended its side may still wait for its answer.
  Object.assign(server, { httpAllowHalfOpen: true });
  // It never listens, and only then would Node begin to look for connections that are too slow or idle.
  server.emit('listening');
  server.on('clientError', refuse);

  const openAnswers = new OpenAnswers();
  let isDraining = false;
  let isClosing = false;
  server.on('request', (request, response) => {
    if (isDraining) response.shouldKeepAlive = false;
    openAnswers.add(request.socket, response);
    response.once('close', () => {
      if (isClosing) setImmediate(() => server.closeIdleConnections());
    });
  });

  function drain(): void {
    isDraining = true;
    // One whose head is on its way already may be followed by another, which then is the last.
    for (const response of openAnswers.lastOnes()) response.shouldKeepAlive = false;
  }

  return {
    server,
    openAnswers,
    accept(socket) {
      server.emit('connection', socket);
      socket.once('end', () => {
        const last = openAnswers.lastOn(socket);
        if (last) last.shouldKeepAlive = false;
      });
      socket.resume();
    },
    drain,
    closeIdle() {
      drain();
      isClosing = true;
      server.closeIdleConnections();
    },
  };
}

const statusOfError: Readonly<Record<string, readonly [status: number, detail: string]>> = {
  HPE_HEADER_OVERFLOW: [431, `the head of the request is larger than ${maxHeadBytes} bytes`],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'the head of the request did not come in time'],
};

/** Answers what is no request. After an earlier answer the connection just ends: that answer may still be on its way. */
function refuse(error: NodeJS.ErrnoException, socket: Socket): void {
  // Behind a request that was to be the last: that one is answered, and ends the connection.
  if (error.code === 'HPE_CLOSED_CONNECTION') return;
  if (!socket.writable || socket.bytesWritten > 0) {
    socket.destroy();
    return;
  }
  const [status, detail] = statusOfError[error.code ?? ''] ?? [400, 'the request is malformed'];
  socket.end(rawErrorAnswer(status, detail), () => socket.destroy());
}
