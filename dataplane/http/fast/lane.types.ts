import type { Logger } from 'pino';
import type { CallRecorder } from '../../calls.ts';
import type { Lane } from '../../downstream/lane.types.ts';
import type { TrustedProxies } from '../../headers/trusted-proxies.ts';
import type { Timeouts } from '../../limits.ts';
import type { RouteTable } from '../../routes/table.ts';
import type { ClientConnection } from './client-connection.ts';
import type { Deadlines } from '../../deadlines.ts';
import type { UpstreamPools } from './upstream-pool.ts';
import type { WriteParts } from '../../sockets/socket-writer.ts';

/** What all connections of the fast lane share. */
export interface FastLaneParts extends WriteParts {
  readonly table: () => RouteTable | undefined;
  readonly calls: CallRecorder;
  readonly trustedProxies: TrustedProxies;
  readonly pools: UpstreamPools;
  readonly deadlines: Deadlines;
  /** Gets the connections that this lane does not serve. */
  readonly declined: Lane;
  /** Gets those that it has served for a while, which speak HTTP/1.1. */
  readonly declinedLater: Lane;
  readonly timeouts: Timeouts;
  readonly log: Logger;
  /** Whether connections end with their next answer. */
  readonly isDraining: () => boolean;
  /** Whether connections at rest end. */
  readonly isClosing: () => boolean;
  /** Told of a connection that this lane serves no more. */
  readonly forget: (connection: ClientConnection) => void;
}
