import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** The answers that have begun on each connection and not ended: several where a client pipelines its requests. */
export class OpenAnswers {
  readonly #ofSocket = new Map<Socket, Set<ServerResponse>>();

  /** Until it closes. It closes with its connection at the latest, also where others are still before it. */
  add(socket: Socket, response: ServerResponse): void {
    const open = this.#ofSocket.get(socket) ?? this.#watch(socket);
    open.add(response);
    response.once('close', () => open.delete(response));
  }

  anyOn(socket: Socket): boolean {
    return (this.#ofSocket.get(socket)?.size ?? 0) > 0;
  }

  /** Of each connection the one that will be sent last. */
  *lastOnes(): Iterable<ServerResponse> {
    for (const socket of this.#ofSocket.keys()) {
      const last = this.lastOn(socket);
      if (last) yield last;
    }
  }

  lastOn(socket: Socket): ServerResponse | undefined {
    return [...(this.#ofSocket.get(socket) ?? [])].at(-1);
  }

  #watch(socket: Socket): Set<ServerResponse> {
    const open = new Set<ServerResponse>();
    this.#ofSocket.set(socket, open);
    // Node closes the answer that is being sent, and forgets those that wait behind it.
    socket.once('close', () => {
      this.#ofSocket.delete(socket);
      for (const response of open) {
        response.destroy();
        response.emit('close');
      }
    });
    return open;
  }
}
