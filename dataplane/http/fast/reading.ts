import { rawErrorAnswer } from '../../downstream/error-answer.ts';
import { originOf } from '../../headers/origin.ts';
import { routeUrl } from '../../routes/url.ts';
import { clientLeft } from '../client-left.ts';
import { noTableAnswer, unroutedAnswer } from '../own-answers.ts';
import type { ClientConnection } from './client-connection.ts';
import { headText } from './head-text.ts';
import { nothing } from './in-hand.ts';
import { closeAtRest } from './leaving.ts';
import { type RequestHead, readRequestHead } from './request-head.ts';
import { atRest, type Event, gone, leave, type Reading, readOn, type State, type Step } from './state.ts';

/** Reads the head of a request, and finds out where it goes. */
export function reading(state: Reading, event: Event, client: ClientConnection): State | Step {
  const { received } = state;
  switch (event.kind) {
    case 'client-bytes':
      return readHead(arrived(received, event), received === undefined, client);
    case 'client-end':
      return received === undefined ? closeAtRest(client) : refuse(400, 'the request is malformed', client);
    case 'client-drain':
      // The answers before were not taken; now they are.
      return client.socket.isPaused() ? readOn : state;
    case 'closing':
      return received === undefined ? closeAtRest(client) : state;
    case 'client-gone':
      return gone;
    case 'deadline':
      if (received !== undefined) return refuse(408, 'the head of the request did not come in time', client);
      return closeAtRest(client);
    default:
      return state;
  }
}

function arrived(received: Buffer | undefined, { bytes, length }: Event & { readonly kind: 'client-bytes' }): Buffer {
  const part = length === bytes.length ? bytes : bytes.subarray(0, length);
  return received === undefined ? part : Buffer.concat([received, part]);
}

/** The client's connection is ready for the next request, the beginning of which may be here already. */
export function readNext(client: ClientConnection): State | Step {
  const { timeouts, isClosing } = client.parts;
  const { socket } = client;
  client.wasUsed = true;
  // Who asks on without taking answers waits, or they would pile up here.
  if (socket.writableLength > socket.writableHighWaterMark) {
    socket.pause();
    client.within(timeouts.idleMs);
    return atRest;
  }
  const kept = client.takeKept();
  if (kept !== undefined) return readHead(kept, true, client);
  if (isClosing()) return leave;
  client.within(timeouts.idleMs);
  return atRest;
}

function readHead(bytes: Buffer, isFirstPiece: boolean, client: ClientConnection): State | Step {
  const reading = readRequestHead(headText(bytes, 0, bytes.length), client.headers);
  switch (reading.kind) {
    case 'head':
      return route(reading.head, bytes, reading.length, client);
    case 'incomplete':
      if (client.hasEnded) return leave;
      // The time for a head does not begin anew with each piece of it.
      if (isFirstPiece) client.within(client.parts.timeouts.requestHeadMs);
      return { kind: 'reading', received: Buffer.from(bytes) };
    case 'declined':
      return handOver(bytes, client);
    default:
      return refuse(reading.status, reading.detail, client);
  }
}

function route(head: RequestHead, bytes: Buffer, headBytes: number, client: ClientConnection): State | Step {
  const { table, calls, trustedProxies } = client.parts;
  const present = table();
  const route = present && routeUrl(present, head.target);
  // An instance that speaks HTTP/2 is for the full lane.
  if (route?.kind === 'service' && route.service.pickers.h2c.instances.length > 0) return handOver(bytes, client);

  const { method, target, fields } = head;
  const origin = originOf(client.peer, fields, trustedProxies);
  const queryAt = target.indexOf('?');
  const call = calls.begin(
    {
      entrypoint: 'http',
      protocol: 'HTTP/1.1',
      lane: 'fast',
      requestId: origin.requestId,
      method,
      path: queryAt < 0 ? target : target.slice(0, queryAt),
      client: origin.client,
    },
    clientLeft,
  );
  const length = bytes.length - headBytes;
  const inHand = length === 0 ? nothing : { bytes: bytes.subarray(headBytes), length, isShared: true };
  if (route?.kind !== 'service') {
    const answer = present && route ? unroutedAnswer(fields, route, present) : noTableAnswer(fields);
    return { kind: 'respond', answer, request: { head, call, inHand } };
  }
  const { service } = route;
  call.service = service.name;
  service.retries.deposit();
  const text = client.requestTexts.of(head, origin, route);
  const request = { head, call, service, text, inHand, tried: undefined, retries: 0 };
  return { kind: 'connect', request, failure: undefined };
}

/** A connection that its client has ended cannot be read anew: after what was answered, it just ends. */
function handOver(bytes: Buffer, client: ClientConnection): State | Step {
  return client.hasEnded ? leave : client.handOver(bytes);
}

/** Answers what is no request, and ends the connection: where the next one would begin, nobody can tell. */
function refuse(status: number, detail: string, client: ClientConnection): State | Step {
  client.writer.bytes(Buffer.from(rawErrorAnswer(status, detail)));
  return leave;
}
