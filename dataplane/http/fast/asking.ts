import { maxInterimAnswers } from '../../limits.ts';
import { ForwardFailure, type ForwardFailureKind, mayTryAgain } from '../failure.ts';
import { interimHead, isPassedOn, tooManyInterims } from '../interim-answer.ts';
import { errorTo } from '../own-answers.ts';
import { abandon } from './abandon.ts';
import type { AnswerHead } from './answer-head.ts';
import { bodyReader } from './body-reader.ts';
import type { ClientConnection } from './client-connection.ts';
import { kept, nothing } from './in-hand.ts';
import { sendBody } from './request-body.ts';
import type { Ask, Asking, Event, Failed, Respond, State, Step } from './state.ts';

/** Sends a request, with what is in hand of its body. */
export function ask({ request, instance, upstream }: Ask, client: ClientConnection): State | Step {
  const requestBody = bodyReader(request.head.framing);
  const state: Asking = {
    kind: 'asking',
    request,
    instance,
    upstream,
    requestBody,
    isInHand: true,
    interims: 0,
    received: undefined,
  };
  client.readMore();
  if (!sendBody(state, request.text, request.inHand, client)) return refuseBody(state);
  const canBeSentAgain = mayTryAgain('broken', request.head.method, requestBody.isWhole);
  request.inHand = canBeSentAgain ? kept({ ...request.inHand, length: requestBody.at }) : nothing;
  const { answerHeadMs, halfClosedMs } = client.parts.timeouts;
  client.within(client.hasEnded ? halfClosedMs : answerHeadMs);
  return state;
}

export function asking(state: Asking, event: Event, client: ClientConnection): State | Step {
  const { requestBody } = state;
  const { answerHeadMs, halfClosedMs } = client.parts.timeouts;
  switch (event.kind) {
    case 'instance-bytes':
      return readAnswer(state, event, client);
    case 'client-bytes':
      if (!requestBody.isWhole) {
        state.isInHand = false;
        client.within(answerHeadMs);
      }
      return sendBody(state, '', event, client) ? state : refuseBody(state);
    case 'instance-drain':
      client.readMore();
      return state;
    case 'instance-end':
      return unanswered(state, 'the connection ended before an answer');
    case 'instance-gone':
      return unanswered(state, event.error?.message ?? 'the connection ended before an answer');
    case 'client-end':
      // A body that will never be whole; or a client that has asked and still listens, or else is gone: nothing but a
      // write would tell.
      if (!requestBody.isWhole) return refuseBody(state);
      client.within(halfClosedMs);
      return state;
    case 'client-gone':
      return abandon(state, client);
    case 'deadline':
      if (client.hasEnded) return abandon(state, client);
      // It is the client that is waited for.
      if (!requestBody.isWhole && !client.socket.isPaused())
        return refuseBody(state, 408, 'the body of the request did not come in time');
      return fail(state, 'slow', `no answer within ${answerHeadMs} ms`);
    default:
      return state;
  }
}

function readAnswer(
  state: Asking,
  { bytes, length, isShared }: Event & { readonly kind: 'instance-bytes' },
  client: ClientConnection,
): State | Step {
  const { received, request, upstream } = state;
  const isFirst = received === undefined;
  const buffer = isFirst ? bytes : Buffer.concat([received, bytes.subarray(0, length)]);
  const end = isFirst ? length : buffer.length;
  let start = 0;
  while (start < end) {
    const reading = upstream.memory.read(buffer, start, end, request.head.method);
    if (reading.kind === 'malformed') return fail(state, 'broken', reading.detail);
    if (reading.kind === 'incomplete') {
      state.received = Buffer.from(buffer.subarray(start, end));
      return state;
    }
    start += reading.length;
    const { head } = reading;
    if (head.status >= 200)
      return {
        kind: 'answer',
        asking: state,
        head,
        part: { buffer, from: start, to: end, isShared: isFirst && isShared },
      };
    // The client has heard from this instance.
    state.isInHand = false;
    state.interims += 1;
    if (state.interims > maxInterimAnswers) return fail(state, 'broken', tooManyInterims);
    passOnInterim(head, client);
  }
  state.received = undefined;
  return state;
}

function passOnInterim({ status, reason, fields }: AnswerHead, { writer }: ClientConnection): void {
  if (isPassedOn(status)) writer.text(interimHead(status, reason, fields));
}

function unanswered(state: Asking, reason: string): Failed {
  const { upstream, received } = state;
  return fail(state, upstream.wasUsed && received === undefined ? 'stale' : 'broken', reason);
}

function fail(state: Asking, kind: ForwardFailureKind, reason: string): Failed {
  const { request, instance, upstream, requestBody, isInHand } = state;
  upstream.discard();
  const failure = new ForwardFailure(kind, reason);
  return { kind: 'failed', request, instance, failure, bodyIsInHand: isInHand && requestBody.isWhole };
}

function refuseBody(
  { request, instance, upstream }: Asking,
  status = 400,
  detail = 'the request is malformed',
): Respond {
  upstream.discard();
  instance.state.end();
  const answer = errorTo(request.head.fields, status, detail);
  return { kind: 'respond', answer, request };
}
