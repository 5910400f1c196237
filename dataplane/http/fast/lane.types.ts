import type { Logger } from 'pino';
import type { CallRecorder } from '../../calls.ts';
import type { Lane } from '../../downstream/lane.types.ts';
import type { TrustedProxies } from '../../headers/trusted-proxies.ts';
import type { Timeouts } from '../../limits.ts';
import type { RouteTable } from '../../routes/table.ts';
import type { Buffers } from '../../sockets/buffers.ts';
import type { ClientConnection } from './client-connection.ts';
import type { Deadlines } from './deadlines.ts';
import type { UpstreamPools } from './upstream-pool.ts';

/** What all connections of the fast lane share. */
export interface FastLaneParts {
  readonly table: () => RouteTable | undefined;
  readonly calls: CallRecorder;
  readonly trustedProxies: TrustedProxies;
  readonly pools: UpstreamPools;
  readonly buffers: Buffers;
  readonly deadlines: Deadlines;
  /** Gets the connections that this lane does not serve. */
  readonly declined: Lane;
  readonly timeouts: Timeouts;
  readonly log: Logger;
  /** Whether connections end with their next answer. */
  readonly isDraining: () => boolean;
  /** Whether connections at rest end. */
  readonly isClosing: () => boolean;
  /** Told of a connection that this lane serves no more. */
  readonly forget: (connection: ClientConnection) => void;
}
