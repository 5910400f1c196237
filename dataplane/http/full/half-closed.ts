import type { Socket } from 'node:net';

/**
 * Closes a connection whose client has ended its side when nothing was sent on it for `halfClosedMs`: it may wait for its
 * answer or be gone, and nothing but a write would tell.
 */
export function endAbandoned(socket: Socket, halfClosedMs: number): void {
  socket.once('end', () => {
    let sent = socket.bytesWritten;
    const timer = setInterval(() => {
      // What waits to be written will tell whether the client is gone; it may be slow.
      if (socket.bytesWritten === sent && socket.writableLength === 0) socket.destroy();
      sent = socket.bytesWritten;
    }, halfClosedMs);
    socket.once('close', () => clearInterval(timer));
  });
}
