import type { Socket } from 'node:net';

/**
 * Closes a connection whose client has ended its side when nothing was sent on it for `halfClosedMs`: it may wait for its
 * answer or be gone, and nothing but a write would tell.
 */
export function endAbandoned(socket: Socket, halfClosedMs: number): void {
  socket.once('end', () => {
    let sent = socket.bytesWritten;
    const timer = setInterval(() => {
      if (socket.bytesWritten === sent) socket.destroy();
      sent = socket.bytesWritten;
    }, halfClosedMs);
    socket.once('close', () => clearInterval(timer));
  });
}
