import type { Socket } from 'node:net';

export type UpstreamProtocol = 'HTTP/1.1' | 'HTTP/2' | 'WebSocket';

/** Counts the connections to instances that are open or being opened, by what is spoken on them. */
export class UpstreamConnections {
  readonly #open: Record<UpstreamProtocol, number> = { 'HTTP/1.1': 0, 'HTTP/2': 0, WebSocket: 0 };

  get open(): Readonly<Record<UpstreamProtocol, number>> {
    return this.#open;
  }

  /** Counts a connection until it closes. */
  add(protocol: UpstreamProtocol, socket: Socket): Socket {
    this.#open[protocol] += 1;
    return socket.once('close', () => {
      this.#open[protocol] -= 1;
    });
  }
}
