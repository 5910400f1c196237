import type { ClientConnection } from './client-connection.ts';
import { type Event, gone, left, type Leaving, type State } from './state.ts';

/**
 * Ends the connection after what was written. A connection that is closed with bytes unread is reset, which may take the
 * answer away from the client (RFC 9112 section 9.6): what still comes is read for a while, and thrown away.
 */
export function leave(client: ClientConnection): Leaving {
  client.takeKept();
  // The answer itself may take a slow client longer.
  client.within(client.parts.timeouts.idleMs);
  client.writer.end(() => client.within(client.parts.timeouts.lingerMs));
  return left;
}

/** Closes a connection on which nothing is asked, as soon as what was written has left. */
export function closeAtRest(client: ClientConnection): Leaving {
  client.within(client.parts.timeouts.lingerMs);
  client.writer.release();
  client.socket.destroySoon();
  return left;
}

export function leaving(state: Leaving, event: Event, client: ClientConnection): State {
  switch (event.kind) {
    case 'client-gone':
      return gone;
    case 'deadline':
      client.socket.destroy();
      return gone;
    default:
      return state;
  }
}
