import { Agent, type ClientRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import httpProxy from 'http-proxy';
import { answerFields } from '../../headers/answer-fields.ts';
import { fieldsOfRaw, recordOf } from '../../headers/fields.ts';
import { connected, connectTo } from '../../upstream/connect.ts';
import type { UpstreamConnections } from '../../upstream/connections.ts';
import type { Exchange } from './exchange.ts';
import { ForwardFailure } from '../failure.ts';
import type { Attempt } from './forward.types.ts';
import { failureAnswer } from '../own-answers.ts';
import { respond } from './respond.ts';
import { startAnswerTimer } from './answer-timer.ts';
import { http1Target } from './http1-request.ts';

export interface WebSocketOptions {
  readonly connectMs: number;
  /** Where its connections are counted. */
  readonly connections: UpstreamConnections;
  readonly answerHeadMs: number;
}

/** A request for a WebSocket. http-proxy writes its answer to the socket; `response` is for what we answer ourselves. */
export type WebSocketExchange = Exchange<IncomingMessage, ServerResponse>;

/**
 * Forwards a WebSocket to an HTTP/1.1 instance, through http-proxy. Resolves when it is closed.
 *
 * @throws ForwardFailure `connect` when the instance cannot be reached; later failures are answered here, as http-proxy
 *   ends the client's socket with them
 */
export function forwardWebSocket({ connectMs, connections, answerHeadMs }: WebSocketOptions) {
  return async (exchange: WebSocketExchange, { instance, target, fields }: Attempt): Promise<void> => {
    const { request, call } = exchange;
    const { socket } = request;
    const connection = connections.add('WebSocket', connectTo(instance.address, connectMs));
    await connected(connection).catch((error: Error) => {
      throw new ForwardFailure('connect', error.message, { cause: error });
    });
    // A client that leaves, before its answer or after, ends the work of the instance. First of all, as the call is
    // recorded when the socket closes.
    socket.prependOnceListener('close', () => {
      call.bytes = connection.bytesRead;
      connection.destroy();
    });
    if (exchange.isOver) connection.destroy();

    let failure = new ForwardFailure('broken', 'the connection ended before an answer');
    const proxy = httpProxy.createProxyServer();
    proxy.once('proxyReqWs', (upstream: ClientRequest) => {
      // http-proxy would merge slashes in the path: what was looked up is what is sent.
      upstream.path = target;
      const timer = startAnswerTimer(answerHeadMs, (error) => {
        failure = new ForwardFailure('slow', error.message);
        upstream.destroy(error);
      });
      upstream.once('close', timer.stop);
      upstream.once('upgrade', () => {
        timer.stop();
        instance.state.answered(101);
        call.code = 101;
      });
      upstream.once('response', (refusal: IncomingMessage) => {
        timer.stop();
        call.code = refusal.statusCode ?? 502;
        instance.state.answered(call.code);
        endWithConnection(refusal, socket);
      });
    });

    request.headers = { ...recordOf(fields), connection: 'Upgrade', upgrade: 'websocket' };
    proxy.ws(
      request,
      socket,
      // What the client sent after its head is back on the socket.
      Buffer.alloc(0),
      {
        target: http1Target(instance.address) as { host: string; port: number },
        agent: Object.assign(new Agent(), { createConnection: () => connection }),
        toProxy: true,
        prependPath: false,
      },
      () => {
        if (exchange.isOver || call.code === 101) return;
        instance.state.failed('broken');
        respond(exchange, failureAnswer(exchange.fields, call.service ?? '', failure));
      },
    );
    return exchange.over;
  };
}

/** Readies an answer that is no upgrade for http-proxy, which writes its body without framing: up to the end of the connection. */
function endWithConnection(refusal: IncomingMessage, socket: Socket): void {
  const fields = answerFields(fieldsOfRaw(refusal.rawHeaders), refusal.statusCode ?? 502);
  refusal.headers = { ...recordOf(fields), connection: 'close' };
  refusal.once('close', () => {
    if (!refusal.readableEnded) socket.destroy();
  });
}
