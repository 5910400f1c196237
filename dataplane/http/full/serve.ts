import type { Logger } from 'pino';
import { valuesOf } from '../../headers/fields.ts';
import { requestFields } from '../../headers/request-fields.ts';
import { maxHeaderCount, maxRetries, maxTargetBytes } from '../../limits.ts';
import type { InstanceState } from '../../routes/instance-state.ts';
import type { Picker } from '../../routes/picker.ts';
import type { RoutedInstance, RoutedService, RouteTable } from '../../routes/table.ts';
import { routeUrl } from '../../routes/url.ts';
import type { AnyRequest, AnyResponse, Exchange } from './exchange.ts';
import { ForwardFailure, mayTryAgain } from '../failure.ts';
import type { Forward } from './forward.types.ts';
import { errorTo, failureAnswer, noInstanceAnswer, noTableAnswer, unroutedAnswer } from '../own-answers.ts';
import { respond } from './respond.ts';

export interface ServeOptions<Request extends AnyRequest, Response extends AnyResponse> {
  readonly table: () => RouteTable | undefined;
  /** Which instances of a service can take such an exchange. */
  readonly pickerOf: (service: RoutedService) => Picker;
  /** Throws ForwardFailure while nothing of an answer went out. */
  readonly forward: Forward<Request, Response>;
  readonly log: Logger;
}

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
      return respond(exchange, errorTo(exchange.fields, 431, `more than ${maxHeaderCount} headers`));
    if ((request.url?.length ?? 0) > maxTargetBytes)
      return respond(exchange, errorTo(exchange.fields, 414, `the path is longer than ${maxTargetBytes} bytes`));
    if (valuesOf(exchange.fields, 'host').length > 1)
      // RFC 9112 section 3.2: a request has one. Node keeps the first, and an instance might not.
      return respond(exchange, errorTo(exchange.fields, 400, 'more than one Host header'));
    const present = table();
    if (!present) return respond(exchange, noTableAnswer(exchange.fields));
    const route = routeUrl(present, request.url ?? '');
    if (route.kind !== 'service') return respond(exchange, unroutedAnswer(exchange.fields, route, present));

    const { service, target, prefix, web } = route;
    call.service = service.name;
    service.retries.deposit();
    const fields = requestFields(exchange.fields, origin, { prefix, web });
    const tried = new Set<InstanceState>();
    let failure: ForwardFailure | undefined;
    for (let tries = 0; tries <= maxRetries; tries += 1) {
      // Another try goes to what is routed by then.
      const routed = tries === 0 ? service : table()?.services.get(service.name);
      const instance = routed && pickerOf(routed).pick(tried);
      if (!instance) break;
      if (failure) {
        if (!service.retries.tryWithdraw()) break;
        call.retried();
      }
      call.instance = instance.name;
      const freshConnection = failure?.kind === 'stale';
      failure = await failureOf(instance, () => forward(exchange, { instance, target, fields, freshConnection }));
      if (!failure || exchange.isOver) return undefined;
      log.warn(
        { err: failure, service: service.name, instance: instance.name, requestId: origin.requestId },
        'an instance failed',
      );
      // A client that has heard from an instance is not to hear from another.
      const canBeSentAgain = !exchange.hasBody && exchange.interims === 0;
      if (!mayTryAgain(failure.kind, request.method ?? '', canBeSentAgain)) break;
      if (failure.kind !== 'stale') tried.add(instance.state);
    }
    return respond(
      exchange,
      failure ? failureAnswer(exchange.fields, service.name, failure) : noInstanceAnswer(exchange.fields, service.name),
    );
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

async function failureOf({ state }: RoutedInstance, forward: () => Promise<void>): Promise<ForwardFailure | undefined> {
  state.begin();
  try {
    await forward();
    return undefined;
  } catch (error) {
    if (!(error instanceof ForwardFailure)) throw error;
    // That a kept connection was closed meanwhile is no fault of the instance. That it is too slow may be.
    if (error.kind !== 'stale') state.failed(error.kind === 'connect' ? 'connect' : 'broken');
    return error;
  } finally {
    state.end();
  }
}
