import type { Logger } from 'pino';
import { Protocol } from '../../../proto/gen/micro/routes/v1/routes.ts';
import type { Lane } from '../../downstream/lane.types.ts';
import type { Timeouts } from '../../limits.ts';
import type { RouteTable } from '../../routes/table.ts';
import { UpstreamAgent } from '../../upstream/agent.ts';
import type { UpstreamConnections } from '../../upstream/connections.ts';
import type { Sessions } from '../../upstream/sessions.ts';
import type { BeginOptions } from './begin.ts';
import { forwardHttp1 } from './http1.ts';
import { createHttp1Lane } from './http1-lane.ts';
import { forwardHttp2 } from './http2.ts';
import { createHttp2Lane } from './http2-lane.ts';
import { createServe } from './serve.ts';
import { forwardWebSocket } from './websocket.ts';

export interface FullLanesOptions extends BeginOptions {
  readonly table: () => RouteTable | undefined;
  readonly sessions: Sessions;
  readonly connections: UpstreamConnections;
  readonly timeouts: Timeouts;
  readonly log: Logger;
}

export interface FullLanes {
  readonly http1: Lane;
  readonly http2: Lane;
  /** Closes the connections that are kept to HTTP/1.1 instances. */
  close(): void;
}

/** The lanes that can do everything, on the libraries: http-proxy for HTTP/1.1 and upgrades, http2-proxy for HTTP/2. */
export function createFullLanes({
  table,
  sessions,
  connections,
  timeouts,
  log,
  ...beginOptions
}: FullLanesOptions): FullLanes {
  const { connectMs, answerHeadMs, upstreamIdleMs } = timeouts;
  const agents = {
    kept: new UpstreamAgent({ connectMs, connections }, { keepAlive: true, timeout: upstreamIdleMs }),
    fresh: new UpstreamAgent({ connectMs, connections }, { keepAlive: false }),
  };
  const http1 = forwardHttp1({ agents, answerHeadMs });
  const http2 = forwardHttp2({ agents, sessions, answerHeadMs });

  return {
    http1: createHttp1Lane({
      ...beginOptions,
      timeouts,
      serve: createServe({
        table,
        log,
        pickerOf: ({ pickers }) => pickers.any,
        forward: (exchange, attempt) =>
          attempt.instance.protocol === Protocol.PROTOCOL_H2C ? http2(exchange, attempt) : http1(exchange, attempt),
      }),
      serveWebSocket: createServe({
        table,
        log,
        pickerOf: ({ pickers }) => pickers.http1,
        forward: forwardWebSocket({ connectMs, connections, answerHeadMs }),
      }),
    }),
    http2: createHttp2Lane({
      ...beginOptions,
      timeouts,
      serve: createServe({ table, log, pickerOf: ({ pickers }) => pickers.any, forward: http2 }),
    }),
    close() {
      agents.kept.destroy();
      agents.fresh.destroy();
    },
  };
}
