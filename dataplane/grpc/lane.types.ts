import type { CallRecorder } from '../calls.ts';
import type { Deadlines } from '../deadlines.ts';
import type { TrustedProxies } from '../headers/trusted-proxies.ts';
import type { Timeouts } from '../limits.ts';
import type { GrpcRoute } from '../routes/grpc.ts';
import type { RoutedService } from '../routes/table.ts';
import type { WriteParts } from '../sockets/socket-writer.ts';
import type { GrpcBounds } from './bounds.ts';
import type { ClientConnection } from './client-connection.ts';
import type { InstancePools } from './instance-pools.ts';

/** What all connections of the gRPC lane share. */
export interface GrpcLaneParts extends WriteParts {
  readonly route: GrpcRoute;
  /** The service of that name as it is routed now. */
  readonly service: (name: string) => RoutedService | undefined;
  readonly calls: CallRecorder;
  readonly trustedProxies: TrustedProxies;
  readonly pools: InstancePools;
  readonly deadlines: Deadlines;
  readonly timeouts: Timeouts;
  readonly bounds: GrpcBounds;
  /** Told of a connection that is gone. */
  readonly forget: (connection: ClientConnection) => void;
}
