import type { Lane } from '../../downstream/lane.types.ts';
import type { UpstreamConnections } from '../../upstream/connections.ts';
import { WriteBatch } from '../../sockets/write-batch.ts';
import { ClientConnection } from './client-connection.ts';
import { Deadlines } from '../../deadlines.ts';
import type { FastLaneParts } from './lane.types.ts';
import { UpstreamPools } from './upstream-pool.ts';

export interface FastLaneOptions
  extends Omit<FastLaneParts, 'pools' | 'batch' | 'deadlines' | 'isDraining' | 'isClosing' | 'forget'> {
  /** Counts those to instances. */
  readonly connections: UpstreamConnections;
}

export interface FastLane extends Lane {
  /** Closes the connections that are kept to instances. */
  close(): void;
}

/**
 * Plain HTTP/1.1, on sockets: reads the head of a request strictly, looks the service up, picks an instance, writes one
 * head and passes both bodies on as they come. What it does not serve it hands over, with the connection, before a byte
 * of an answer is sent.
 */
export function createFastLane(options: FastLaneOptions): FastLane {
  const { declined, timeouts, buffers, connections: upstreamConnections } = options;
  const { connectMs, upstreamIdleMs, requestHeadMs, idleMs, answerHeadMs, halfClosedMs } = timeouts;
  const batch = new WriteBatch();
  const pools = new UpstreamPools({
    connectMs,
    idleMs: upstreamIdleMs,
    connections: upstreamConnections,
    buffers,
    batch,
  });
  const deadlines = new Deadlines(Math.min(requestHeadMs, idleMs, answerHeadMs, halfClosedMs));
  const connections = new Set<ClientConnection>();
  let isDraining = false;
  let isClosing = false;
  const parts: FastLaneParts = {
    ...options,
    pools,
    batch,
    deadlines,
    isDraining: () => isDraining,
    isClosing: () => isClosing,
    forget(connection) {
      connections.delete(connection);
      deadlines.delete(connection);
    },
  };
  return {
    accept(socket) {
      connections.add(new ClientConnection(socket, parts));
      socket.resume();
    },
    drain() {
      isDraining = true;
      declined.drain();
    },
    closeIdle() {
      isDraining = true;
      isClosing = true;
      for (const connection of connections) connection.onClosing();
      declined.closeIdle();
    },
    close() {
      deadlines.close();
      pools.close();
    },
  };
}
