import type { Logger } from 'pino';
import { requestHeaders } from '../../headers/request-headers.ts';
import { maxHeaderCount, maxRetries } from '../../limits.ts';
import type { Picker } from '../../routes/picker.ts';
import type { RoutedInstance, RoutedService, RouteTable } from '../../routes/table.ts';
import { routeUrl, type UrlRoute } from '../../routes/url.ts';
import type { AnyRequest, AnyResponse, Exchange } from '../exchange.ts';
import { type Forward, ForwardFailure } from '../forward.types.ts';
import { respondError, respondFailure, respondRedirect } from '../respond.ts';

export interface ServeOptions<Request extends AnyRequest, Response extends AnyResponse> {
  readonly table: () => RouteTable | undefined;
  /** Which instances of a service can take such an exchange. */
  readonly pickerOf: (service: RoutedService) => Picker;
  /** Throws ForwardFailure while nothing of an answer went out. */
  readonly forward: Forward<Request, Response>;
  readonly log: Logger;
}

// RFC 9110 section 9.2.2.
const idempotentMethods = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

export type Serve<Request extends AnyRequest, Response extends AnyResponse> = (
  exchange: Exchange<Request, Response>,
) => void;

/** Serves exchanges: look up, pick, forward; and another try where that is safe. */
export function createServe<Request extends AnyRequest, Response extends AnyResponse>({
  table,
  pickerOf,
  forward,
  log,
}: ServeOptions<Request, Response>): Serve<Request, Response> {
  async function serve(exchange: Exchange<Request, Response>): Promise<void> {
    const { request, call, origin } = exchange;
    if (request.rawHeaders.length > 2 * maxHeaderCount)
      return respondError(exchange, 431, `more than ${maxHeaderCount} headers`);
    if (hostsOf(request) > 1) return respondError(exchange, 400, 'more than one Host header');
    const present = table();
    if (!present) return respondError(exchange, 503, 'there is no route table yet: no control plane has sent one');
    const route = routeUrl(present, request.url ?? '');
    if (route.kind !== 'service') return respondUnrouted(exchange, route, present);

    const { service, target, prefix, web } = route;
    call.service = service.name;
    const headers = requestHeaders(request.headers, { ...origin, prefix, web });
    const tried = new Set<RoutedInstance>();
    let failure: ForwardFailure | undefined;
    for (let tries = 0; tries <= maxRetries; tries += 1) {
      const instance = pickerOf(service).pick(tried);
      if (!instance) break;
      call.instance = instance.name;
      if (failure) call.retried();
      const freshConnection = failure?.kind === 'stale';
      failure = await failureOf(instance, () => forward(exchange, { instance, target, headers, freshConnection }));
      if (!failure || exchange.isOver) return undefined;
      log.warn(
        { err: failure, service: service.name, instance: instance.name, requestId: origin.requestId },
        'an instance failed',
      );
      if (!mayTryAgain(failure, exchange)) break;
      if (failure.kind !== 'stale') tried.add(instance);
    }
    if (failure) return respondFailure(exchange, failure);
    return respondError(exchange, 503, `${service.name} has no live instance`);
  }

  return (exchange) => {
    serve(exchange).catch((error: unknown) => {
      log.error(
        { err: error, requestId: exchange.origin.requestId },
        'a request failed for a defect of the data plane',
      );
      exchange.breakOff();
    });
  };
}

/** RFC 9112 section 3.2: a request has one. Node keeps the first, and an instance might not. */
function hostsOf({ rawHeaders }: AnyRequest): number {
  return rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === 'host').length;
}

async function failureOf({ state }: RoutedInstance, forward: () => Promise<void>): Promise<ForwardFailure | undefined> {
  state.begin();
  try {
    await forward();
    state.answered();
    return undefined;
  } catch (error) {
    if (!(error instanceof ForwardFailure)) throw error;
    if (error.kind === 'connect' || error.kind === 'broken') state.failed();
    return error;
  } finally {
    state.end();
  }
}

function mayTryAgain({ kind }: ForwardFailure, { request, hasBody }: Exchange): boolean {
  if (kind === 'connect') return true;
  return kind !== 'slow' && !hasBody && idempotentMethods.has(request.method ?? '');
}

function respondUnrouted(
  exchange: Exchange,
  route: Exclude<UrlRoute, { readonly kind: 'service' }>,
  { prefixes }: RouteTable,
): void {
  switch (route.kind) {
    case 'redirect':
      return respondRedirect(exchange, route.location);
    case 'malformed':
      return respondError(exchange, 400, route.reason);
    case 'unknown':
      return respondError(
        exchange,
        404,
        route.service === undefined
          ? `no service has this path: it would begin with ${[...prefixes.keys()].join(' or ')} and a name`
          : `no service ${route.service}`,
      );
  }
}
