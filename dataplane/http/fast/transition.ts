import { answer, answering } from './answering.ts';
import { ask, asking } from './asking.ts';
import type { ClientConnection } from './client-connection.ts';
import { connect, connecting, failed } from './connecting.ts';
import { leave, leaving } from './leaving.ts';
import { readNext, reading } from './reading.ts';
import { respond } from './respond.ts';
import type { Event, State, Step } from './state.ts';

/**
 * The state that an event leads to. What each state and step does has a file of its own; a plain request goes through
 * `reading`, `connect`, `ask`, `asking`, `answer`, `readNext`.
 */
export function transition(state: State, event: Event, client: ClientConnection): State {
  let next = react(state, event, client);
  for (;;) {
    switch (next.kind) {
      case 'connect':
        next = connect(next, client);
        break;
      case 'failed':
        next = failed(next, client);
        break;
      case 'ask':
        next = ask(next, client);
        break;
      case 'answer':
        next = answer(next, client);
        break;
      case 'respond':
        next = respond(next, client);
        break;
      case 'read-on':
        next = readNext(client);
        break;
      case 'leave':
        return leave(client);
      default:
        return next;
    }
  }
}

function react(state: State, event: Event, client: ClientConnection): State | Step {
  switch (state.kind) {
    case 'reading':
      return reading(state, event, client);
    case 'connecting':
      return connecting(state, event, client);
    case 'asking':
      return asking(state, event, client);
    case 'answering':
      return answering(state, event, client);
    case 'leaving':
      return leaving(state, event, client);
    default:
      return state;
  }
}
