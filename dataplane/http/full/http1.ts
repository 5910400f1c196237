import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import { Stream } from 'node:stream';
import httpProxy from 'http-proxy';
import { ForwardFailure, type ForwardFailureKind } from '../failure.ts';
import type { Forward } from './forward.types.ts';
import { startAnswerTimer } from './answer-timer.ts';
import { type Http1Agents, http1Headers, http1Target, onceConnected } from './http1-request.ts';
import { interimOfMessage, passOnInterim } from './interim.ts';
import { answerOfMessage, relay } from './relay.ts';

export interface Http1Options {
  readonly agents: Http1Agents;
  readonly answerHeadMs: number;
}

/** Forwards HTTP/1.x requests to HTTP/1.1 instances, through http-proxy. */
export function forwardHttp1({ agents, answerHeadMs }: Http1Options): Forward<IncomingMessage, ServerResponse> {
  const proxy = createProxy();

  return (exchange, { instance, target, fields, freshConnection }) =>
    new Promise((resolve, reject) => {
      const { request, response } = exchange;
      const headers = http1Headers(fields, request.method ?? 'GET', exchange.framing);
      let failureKind: ForwardFailureKind = 'connect';

      const body = new HeldBody((upstream) => {
        // http-proxy would merge slashes in the path: what was looked up is what is sent.
        upstream.path = target;
        // It would turn the order of the headers round too.
        for (const name of upstream.getHeaderNames()) upstream.removeHeader(name);
        for (const [name, value] of Object.entries(headers)) upstream.setHeader(name, value);
        // To keep the connection is the way of HTTP/1.1, and need not be said.
        upstream.removeHeader('connection');
        onceConnected(upstream, () => {
          failureKind = upstream.reusedSocket ? 'stale' : 'broken';
          const timer = startAnswerTimer(answerHeadMs, (error) => {
            failureKind = 'slow';
            upstream.destroy(error);
          });
          upstream.once('response', timer.stop).once('close', timer.stop);
          request.on('data', timer.restart).pipe(upstream);
        });
        // An answer that is an upgrade, which was not asked for, closes it without an error.
        upstream.once('close', () => reject(new ForwardFailure(failureKind, 'the connection ended before an answer')));
        upstream.on('information', (info) => passOnInterim(exchange, interimOfMessage(info), upstream));
        upstream.once('response', (answer: IncomingMessage) =>
          resolve(relay(answerOfMessage(answer), exchange, instance)),
        );
        // http-proxy leaves an instance at work when the client goes away after it has sent its whole request.
        response.once('close', () => {
          upstream.destroy();
          resolve();
        });
      });

      request.headers = {};
      proxy.web(
        request,
        response,
        {
          // http-proxy reads the same names as `http.request`; its types ask for a port beside a socket.
          target: http1Target(instance.address) as { host: string; port: number },
          agent: freshConnection ? agents.fresh : agents.kept,
          buffer: body,
          toProxy: true,
          prependPath: false,
          selfHandleResponse: true,
        },
        (error) => reject(new ForwardFailure(failureKind, error.message, { cause: error })),
      );
    });
}

/**
 * The body as http-proxy takes it: something that can be piped into the request to the instance. It lets go of the
 * client's body only when told, so that an instance that cannot be reached has used up nothing of it.
 */
class HeldBody extends Stream {
  readonly #onUpstream: (upstream: ClientRequest) => void;

  constructor(onUpstream: (upstream: ClientRequest) => void) {
    super();
    this.#onUpstream = onUpstream;
  }

  override pipe<Destination extends NodeJS.WritableStream>(destination: Destination): Destination {
    this.#onUpstream(destination as unknown as ClientRequest);
    return destination;
  }
}

function createProxy(): httpProxy {
  const proxy = httpProxy.createProxyServer();
  // This pass drops the framing of a chunked DELETE or OPTIONS, so that its body is read as a second request
  // (CVE-2026-29057). `http1Headers` frames every body.
  const passes = proxy as unknown as { webPasses: readonly { readonly name: string }[] };
  passes.webPasses = passes.webPasses.filter(({ name }) => name !== 'deleteLength');
  return proxy;
}
