import type { Socket } from 'node:net';
import { handleOf } from './stream-handle.ts';

/**
 * How many bytes of what was written to a socket the kernel has taken: it goes up for as long as the other side reads,
 * however slowly. 0 once the socket is closed.
 */
export function takenOf(socket: Socket): number {
  const handle = handleOf(socket);
  return handle === null ? 0 : handle.bytesWritten - handle.writeQueueSize;
}
