import type { ClientRequest } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import http2Proxy from 'http2-proxy';
import { Protocol } from '../../../proto/gen/micro/routes/v1/routes.ts';
import type { Sessions } from '../../upstream/sessions.ts';
import { ForwardFailure, type ForwardFailureKind } from '../failure.ts';
import type { Forward } from './forward.types.ts';
import { startAnswerTimer } from './answer-timer.ts';
import type { Http1Agents } from './http1-request.ts';
import { type OutgoingRequest, openHttp1, openHttp2 } from './outgoing-request.ts';
import { type Answer, relay } from './relay.ts';

export interface Http2Options {
  readonly agents: Http1Agents;
  readonly sessions: Sessions;
  readonly answerHeadMs: number;
}

/** Forwards what has HTTP/2 on either side, through http2-proxy. */
export function forwardHttp2({ agents, sessions, answerHeadMs }: Http2Options): Forward {
  return async (exchange, attempt) => {
    let failureKind = (): ForwardFailureKind => 'connect';
    let outgoing: OutgoingRequest;

    async function open(): Promise<ClientRequest> {
      const isHttp1 = attempt.instance.protocol === Protocol.PROTOCOL_HTTP1;
      outgoing = await (isHttp1 ? openHttp1(exchange, attempt, agents) : openHttp2(exchange, attempt, sessions));
      failureKind = () => (outgoing.isStale() ? 'stale' : 'broken');
      const timer = startAnswerTimer(answerHeadMs, (error) => {
        failureKind = () => 'slow';
        outgoing.destroy(error);
      });
      outgoing.on('sent', timer.restart).once('response', timer.stop).once('close', timer.stop);
      // http2-proxy does not notice a client that left while the connection was made.
      if (exchange.isOver) outgoing.destroy();
      // It has of a ClientRequest what http2-proxy uses.
      return outgoing as unknown as ClientRequest;
    }

    try {
      await http2Proxy.web(exchange.request as Http2ServerRequest, exchange.response as Http2ServerResponse, {
        // Not read, as `onReq` makes the request.
        hostname: 'instance',
        port: 0,
        onReq: open,
        onRes: () => relay(outgoing.answer as Answer, exchange, attempt.instance),
      });
    } catch (error) {
      if (exchange.isOver) return;
      if (error instanceof ForwardFailure) throw error;
      throw new ForwardFailure(failureKind(), (error as Error).message, { cause: error });
    }
  };
}
