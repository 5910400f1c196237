import { trailerFields } from '../../headers/answer-fields.ts';
import { headLines } from '../../headers/head-lines.ts';
import { abandon } from './abandon.ts';
import type { Part } from '../../sockets/socket-writer.ts';
import { takenOf } from '../../sockets/taken.ts';
import { bodyReader } from './body-reader.ts';
import type { ClientConnection } from './client-connection.ts';
import { sendBody } from './request-body.ts';
import { type Answer, type Answering, type Event, type Gone, leave, readOn, type State, type Step } from './state.ts';

/** Passes on the head of an answer, with what has come of its body. */
export function answer({ asking, head, part }: Answer, client: ClientConnection): State | Step {
  const { request, instance, upstream, requestBody } = asking;
  const { status, framing, keepAliveMs } = head;
  instance.state.answered(status);
  if (keepAliveMs !== undefined) upstream.keepAliveMs = keepAliveMs;
  request.call.code = status;

  const close = request.head.close || client.asksNoMore || client.parts.isDraining();
  const text = upstream.memory.write(head, close);
  client.deadline = Number.POSITIVE_INFINITY;
  const answerBody = bodyReader(framing);
  const state: Answering = {
    kind: 'answering',
    request,
    instance,
    upstream,
    requestBody,
    answer: head,
    answerBody,
    close,
    taken: 0,
  };
  return passOn(state, text, part, client);
}

export function answering(state: Answering, event: Event, client: ClientConnection): State | Step {
  const { upstream, requestBody, answer } = state;
  switch (event.kind) {
    case 'instance-bytes':
      return passOn(state, '', { buffer: event.bytes, from: 0, to: event.length, isShared: event.isShared }, client);
    case 'client-drain':
      if (upstream.socket.isPaused()) upstream.socket.resume();
      client.deadline = Number.POSITIVE_INFINITY;
      if (client.hasEnded) client.within(client.parts.timeouts.halfClosedMs);
      return state;
    case 'client-bytes':
      return sendBody(state, '', event, client) ? state : breakOff(state, client);
    case 'instance-drain':
      client.readMore();
      return state;
    case 'instance-end':
    case 'instance-gone':
      if (answer.framing.kind !== 'close' || (event.kind === 'instance-gone' && event.error)) {
        state.instance.state.failed('broken');
        return breakOff(state, client);
      }
      client.writer.text('0\r\n\r\n');
      return finish(state, { keepAlive: false, isSent: true }, client);
    case 'client-end':
      // A body that will never be whole; or a client that listens, or else is gone: as while it was asked.
      if (!requestBody.isWhole) return breakOff(state, client);
      if (client.writer.isDone) client.within(client.parts.timeouts.halfClosedMs);
      else awaitTaking(state, client);
      return state;
    case 'deadline':
      if (client.writer.isDone || takenOf(client.socket) === state.taken) return breakOff(state, client);
      awaitTaking(state, client);
      return state;
    case 'client-gone':
      return breakOff(state, client);
    default:
      return state;
  }
}

function passOn(state: Answering, before: string, part: Part, client: ClientConnection): State | Step {
  const { answer, answerBody, upstream } = state;
  const { from, to } = part;
  if (!answerBody.read(part.buffer, from, to)) {
    state.instance.state.failed('broken');
    return breakOff(state, client);
  }
  const { at, held, passedTo, isWhole } = answerBody;
  const passed = passedTo === to ? part : { ...part, to: passedTo };
  const isReady =
    answer.framing.kind === 'close'
      ? writeChunk(client, before, passed)
      : client.writer.around(before + held, passed, isWhole ? afterLastByte(state) : '');
  if (isWhole) return finish(state, { keepAlive: at === to && answer.keepAlive, isSent: isReady }, client);
  if (!isReady) {
    upstream.socket.pause();
    awaitTaking(state, client);
  } else if (client.hasEnded) client.within(client.parts.timeouts.halfClosedMs);
  return state;
}

/**
 * A client may be slow to take its answer, and what waits to be written will tell whether it is gone. One that takes nothing
 * for as long as a connection may rest is not waited for.
 */
function awaitTaking(state: Answering, client: ClientConnection): void {
  state.taken = takenOf(client.socket);
  client.within(client.parts.timeouts.idleMs);
}

function afterLastByte({ answer, answerBody }: Answering): string {
  return answer.framing.kind === 'chunked' ? `0\r\n${headLines(trailerFields(answerBody.trailers))}\r\n` : '';
}

/** A body that ends with its connection goes on in chunks, as the client's connection does not end. */
function writeChunk({ writer }: ClientConnection, before: string, part: Part): boolean {
  const length = part.to - part.from;
  if (length === 0) return writer.around(before, part, '');
  return writer.around(`${before}${length.toString(16)}\r\n`, part, '\r\n');
}

/**
 * @param how.keepAlive whether the instance can be asked again on its connection
 * @param how.isSent whether nothing waits in a buffer of its connection to be written
 */
function finish(
  state: Answering,
  { keepAlive, isSent }: { readonly keepAlive: boolean; readonly isSent: boolean },
  client: ClientConnection,
): Step {
  const { request, instance, upstream, requestBody, answerBody, close } = state;
  client.readNext(upstream.writer.isDone);
  upstream.share(isSent);
  // What of the request has not left yet is in a buffer that the client's next bytes go into.
  const isAsked = requestBody.isWhole && upstream.writer.isDone;
  if (keepAlive && isAsked) client.parts.pools.keep(instance, upstream);
  else upstream.discard();
  instance.state.end();
  request.call.bytes = answerBody.length;
  request.call.end();
  // The rest of a request that was answered before its end is not wanted.
  return close || client.asksNoMore || !requestBody.isWhole ? leave : readOn;
}

/** Ends the connection in the middle of an answer, so that the client can tell that it is not whole. */
function breakOff(state: Answering, client: ClientConnection): Gone {
  state.request.call.bytes = state.answerBody.length;
  return abandon(state, client);
}
