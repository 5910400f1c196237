import type { Logger } from 'pino';
import { Deadlines } from '../deadlines.ts';
import type { Lane } from '../downstream/lane.types.ts';
import type { RouteTable } from '../routes/table.ts';
import { WriteBatch } from '../sockets/write-batch.ts';
import type { UpstreamConnections } from '../upstream/connections.ts';
import { ClientConnection } from './client-connection.ts';
import { InstancePools } from './instance-pools.ts';
import type { GrpcLaneParts } from './lane.types.ts';

export interface GrpcLaneOptions
  extends Pick<GrpcLaneParts, 'buffers' | 'route' | 'calls' | 'trustedProxies' | 'timeouts' | 'bounds'> {
  readonly table: () => RouteTable | undefined;
  /** Counts those to instances. */
  readonly connections: UpstreamConnections;
  readonly log: Logger;
}

export interface GrpcLane extends Lane {
  /** Closes the connections to instances. */
  close(): void;
}

/**
 * gRPC at the level of HTTP/2 frames: each call of a client is a stream, which is routed by its head, given to an instance of
 * its own choice, and passed on frame by frame. Streams of many clients share a few connections to each instance.
 */
export function createGrpcLane(options: GrpcLaneOptions): GrpcLane {
  const { table, timeouts, bounds, buffers, log, connections: upstreamConnections } = options;
  const { connectMs, silentMs, roomMs, upstreamIdleMs, requestHeadMs, idleMs } = timeouts;
  const deadlines = new Deadlines(Math.min(connectMs, silentMs, roomMs, upstreamIdleMs, requestHeadMs, idleMs));
  const batch = new WriteBatch();
  const pools = new InstancePools({
    deadlines,
    bounds,
    connectMs,
    silentMs,
    roomMs,
    idleMs: upstreamIdleMs,
    connections: upstreamConnections,
    buffers,
    batch,
    log,
  });
  const connections = new Set<ClientConnection>();
  let isClosing = false;
  const parts: GrpcLaneParts = {
    ...options,
    service: (name) => table()?.services.get(name),
    pools,
    deadlines,
    batch,
    forget(connection) {
      connections.delete(connection);
      deadlines.delete(connection);
    },
  };
  return {
    accept(socket) {
      const connection = new ClientConnection(socket, parts);
      connections.add(connection);
      if (isClosing) connection.closeIdle();
      socket.resume();
    },
    // Those that connect later are served until that ends: whom they ask next may be us again, and grpc-js gives up a call
    // that meets GOAWAY twice.
    drain() {
      for (const connection of connections) connection.drain();
    },
    closeIdle() {
      isClosing = true;
      for (const connection of connections) connection.closeIdle();
    },
    close() {
      deadlines.close();
      pools.close();
    },
  };
}
