import { takenOf } from '../../sockets/taken.ts';
import type { ClientConnection } from './client-connection.ts';
import { type Event, gone, type Leaving, type State } from './state.ts';

/**
 * Ends the connection after what was written. A connection that is closed with bytes unread is reset, which may take the
 * answer away from the client (RFC 9112 section 9.6): what still comes is read for a while, and thrown away.
 */
export function leave(client: ClientConnection): Leaving {
  client.takeKept();
  client.writer.end(() => client.within(client.parts.timeouts.lingerMs));
  return awaitTaking(client);
}

/** Closes a connection on which nothing is asked, as soon as what was written has left. */
export function closeAtRest(client: ClientConnection): Leaving {
  client.writer.release();
  client.socket.destroySoon();
  return awaitTaking(client);
}

/** The answer itself may take a slow client longer than it has to read it: as long as it goes on. */
function awaitTaking(client: ClientConnection): Leaving {
  const { lingerMs, idleMs } = client.parts.timeouts;
  client.within(client.writer.isDone ? lingerMs : idleMs);
  return { kind: 'leaving', taken: takenOf(client.socket) };
}

export function leaving(state: Leaving, event: Event, client: ClientConnection): State {
  switch (event.kind) {
    case 'client-gone':
      return gone;
    case 'deadline':
      if (!client.writer.isDone && takenOf(client.socket) !== state.taken) return awaitTaking(client);
      client.socket.destroy();
      return gone;
    default:
      return state;
  }
}
