import { maxRetries } from '../../limits.ts';
import { ForwardFailure, mayTryAgain } from '../failure.ts';
import { failureAnswer, noInstanceAnswer } from '../own-answers.ts';
import { abandon } from './abandon.ts';
import type { ClientConnection } from './client-connection.ts';
import { joined, kept } from './in-hand.ts';
import type { Connect, Connecting, Event, Failed, Request, Respond, State, Step } from './state.ts';

/** Picks an instance, and takes a kept connection to it or begins to make one. */
export function connect({ request, failure }: Connect, client: ClientConnection): State | Step {
  const { pools, table } = client.parts;
  const { service, head, call } = request;
  // Another try goes to what is routed by then.
  const routed = failure ? table()?.services.get(service.name) : service;
  const instance = routed?.pickers.http1.pick(request.tried);
  if (instance === undefined) {
    if (failure) return giveUp(request, failure);
    return { kind: 'respond', answer: noInstanceAnswer(head.fields, service.name), request };
  }
  if (failure) {
    if (!service.retries.tryWithdraw()) return giveUp(request, failure);
    call.retried();
  }
  call.instance = instance.name;
  instance.state.begin();
  const canBeSentAgain = mayTryAgain('stale', head.method, isAllHere(request));
  const resting = failure?.kind === 'stale' ? undefined : pools.take(instance, client, canBeSentAgain);
  if (resting) return { kind: 'ask', request, instance, upstream: resting };
  // Nothing of the body is used up before there is somebody to send it to.
  request.inHand = kept(request.inHand);
  client.socket.pause();
  client.deadline = Number.POSITIVE_INFINITY;
  return { kind: 'connecting', request, instance, upstream: pools.connect(instance, client) };
}

/** Whether the whole body of a request came with its head. */
function isAllHere({ head: { framing }, inHand }: Request): boolean {
  return framing.kind === 'none' || (framing.kind === 'length' && inHand.length >= framing.length);
}

export function connecting(state: Connecting, event: Event, client: ClientConnection): State | Step {
  const { request, instance, upstream } = state;
  switch (event.kind) {
    case 'connected':
      return { kind: 'ask', request, instance, upstream };
    case 'instance-gone': {
      const failure = new ForwardFailure('connect', event.error?.message ?? 'the connection was closed');
      return { kind: 'failed', request, instance, failure, bodyIsInHand: true };
    }
    case 'client-bytes':
      request.inHand = joined(request.inHand, event);
      return state;
    case 'client-gone':
      return abandon(state, client);
    default:
      return state;
  }
}

/** An instance gave no answer: tries another where that is safe. */
export function failed({ request, instance, failure, bodyIsInHand }: Failed, client: ClientConnection): Step {
  const { log } = client.parts;
  const { head, call, service } = request;
  const { kind } = failure;
  instance.state.end();
  // That a kept connection was closed meanwhile is no fault of the instance. That it is too slow may be.
  if (kind !== 'stale') instance.state.failed(kind === 'connect' ? 'connect' : 'broken');
  log.warn(
    { err: failure, service: service.name, instance: instance.name, requestId: call.head.requestId },
    'an instance failed',
  );
  if (!mayTryAgain(kind, head.method, bodyIsInHand) || request.retries === maxRetries) return giveUp(request, failure);
  request.retries += 1;
  if (kind !== 'stale') (request.tried ??= new Set()).add(instance.state);
  return { kind: 'connect', request, failure };
}

function giveUp(request: Request, failure: ForwardFailure): Respond {
  return { kind: 'respond', answer: failureAnswer(request.head.fields, request.service.name, failure), request };
}
