import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import { createHttp2Server } from '../../downstream/http2-server.ts';
import type { Lane } from '../../downstream/lane.types.ts';
import { leaveRest } from '../../downstream/leave-rest.ts';
import type { Timeouts } from '../../limits.ts';
import { type BeginOptions, beginExchange } from './begin.ts';
import type { Serve } from './serve.ts';

export interface Http2LaneOptions extends BeginOptions {
  readonly serve: Serve<Http2ServerRequest, Http2ServerResponse>;
  readonly timeouts: Timeouts;
}

/** HTTP/2 by prior knowledge, on `node:http2`. */
export function createHttp2Lane({ serve, timeouts, ...beginOptions }: Http2LaneOptions): Lane {
  const { server, ...lane } = createHttp2Server(timeouts);
  server.on('request', (request, response) => {
    request.stream.once('wantTrailers', () => setImmediate(() => leaveRest(request.stream)));
    serve(beginExchange(request, response, 'HTTP/2', beginOptions));
  });
  return lane;
}
