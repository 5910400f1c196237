import { type Field, type Fields, field, onlyValueOf, valuesOf } from './fields.ts';
import { hopByHop, namedByConnection } from './hop-by-hop.ts';
import type { Origin } from './origin.ts';
import { isTraceparent, newTraceparent } from './trace.ts';

/** What a request was routed by. */
export interface RoutedBy {
  /** What was taken off the path: "/api/greeter". */
  readonly prefix: string;
  /** Whether the prefix is one of web pages. */
  readonly web: boolean;
}

/** What is never sent on as it came: it belongs to the connection it came on, or is said anew. */
const notSentOn: ReadonlySet<string> = new Set([
  ...hopByHop,
  // The body's framing belongs to the next connection; whoever sends the request adds it.
  'content-length',
  // The client's expectation was met on its connection already.
  'expect',
  'host',
  'traceparent',
  'x-micro-web-base-path',
  'x-request-id',
]);

const saidAnew: ReadonlySet<string> = new Set([
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-prefix',
  'x-forwarded-proto',
]);

const forwardedProto = { http: field('X-Forwarded-Proto', 'http'), https: field('X-Forwarded-Proto', 'https') };

/**
 * The fields that go to an instance, the same from every lane: without what was meant for the client's connection only,
 * without framing, and with what says how the request came here. Of the latter, what a client outside the trusted proxies
 * said itself is replaced.
 *
 * @param routedBy left out where nothing was taken off the path
 */
export function requestFields(incoming: Fields, origin: Origin, routedBy?: RoutedBy): Field[] {
  return [...recurringFields(incoming, origin, routedBy), ...ownFields(incoming, origin)];
}

/** Those that are the same for every request with these headers, on one connection, that is routed by the same prefix. */
export function recurringFields(incoming: Fields, origin: Omit<Origin, 'requestId'>, routedBy?: RoutedBy): Field[] {
  const { isTrusted, isEncrypted, remoteAddress, host } = origin;
  const named = namedByConnection(incoming);
  const isTraced = isTraceparent(onlyValueOf(incoming, 'traceparent'));
  const fields: Field[] = [];

  if (host !== undefined) fields.push({ name: 'Host', key: 'host', value: host });
  for (const each of incoming) {
    const { key } = each;
    if (notSentOn.has(key) || named?.has(key)) continue;
    if (saysTheWay(key) && (!isTrusted || saidAnew.has(key))) continue;
    if (key === 'tracestate' && !isTraced) continue;
    fields.push(each);
  }

  const before = (key: string): string[] => (isTrusted && !named?.has(key) ? valuesOf(incoming, key) : []);
  const forwardedFor = isTrusted ? [...before('x-forwarded-for'), remoteAddress].join(', ') : remoteAddress;
  fields.push({ name: 'X-Forwarded-For', key: 'x-forwarded-for', value: forwardedFor });
  const [proto] = before('x-forwarded-proto');
  fields.push(proto === undefined ? forwardedProto[isEncrypted ? 'https' : 'http'] : field('X-Forwarded-Proto', proto));
  const [forwardedHost = host] = before('x-forwarded-host');
  if (forwardedHost !== undefined)
    fields.push({ name: 'X-Forwarded-Host', key: 'x-forwarded-host', value: forwardedHost });
  if (routedBy) {
    const { prefix, web } = routedBy;
    const [outer = ''] = before('x-forwarded-prefix');
    fields.push({ name: 'X-Forwarded-Prefix', key: 'x-forwarded-prefix', value: outer + prefix });
    if (web) fields.push(field('X-Micro-Web-Base-Path', prefix));
  }
  return fields;
}

/** Those that each request has for itself. They come last. */
function ownFields(incoming: Fields, { requestId }: Pick<Origin, 'requestId'>): Fields {
  return [
    { name: 'X-Request-Id', key: 'x-request-id', value: requestId },
    { name: 'traceparent', key: 'traceparent', value: traceparentIn(incoming) ?? newTraceparent() },
  ];
}

/** The trace that a request belongs to already. */
export function traceparentIn(incoming: Fields): string | undefined {
  const traceparent = onlyValueOf(incoming, 'traceparent');
  return isTraceparent(traceparent) ? traceparent : undefined;
}

/** Whether a field says how a request came here. A client outside the trusted proxies may not say it. */
function saysTheWay(key: string): boolean {
  return key.startsWith('x-forwarded-') || key === 'forwarded' || key === 'x-real-ip';
}
