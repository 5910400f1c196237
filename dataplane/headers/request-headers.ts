import { randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { type HeaderFields, stripHopByHop } from './hop-by-hop.ts';
import type { Origin } from './origin.ts';

export interface RequestHeadersOptions extends Origin {
  /** What was taken off the path: "/api/greeter"; left out where nothing was. */
  readonly prefix?: string;
  /** Whether the prefix is one of web pages. */
  readonly web?: boolean;
}

// What says how a request came here. A client outside the trusted proxies may not say it.
const forwardingHeader = /^(?:forwarded|x-forwarded-.*|x-real-ip|x-micro-web-base-path)$/;

// https://www.w3.org/TR/trace-context/#traceparent-header
// Version 00 ends there; later ones may go on after another "-".
const traceparent = /^(?!ff|00.{54})[\da-f]{2}-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}(?:-.*)?$/;

/**
 * The headers that go to an instance, in lower case, without pseudo-headers and without the body's framing
 * (`transfer-encoding`), which belongs to the next connection.
 */
export function requestHeaders(incoming: IncomingHttpHeaders, options: RequestHeadersOptions): HeaderFields {
  const { remoteAddress, isTrusted, requestId, host, prefix, web } = options;
  const headers = stripHopByHop(incoming);
  if (!isTrusted) for (const name of Object.keys(headers)) if (forwardingHeader.test(name)) delete headers[name];
  // The client's expectation was met on its connection already.
  delete headers['expect'];

  headers['x-forwarded-for'] = [headers['x-forwarded-for'] ?? [], remoteAddress].flat().join(', ');
  headers['x-forwarded-proto'] ??= 'http';
  if (host !== undefined) {
    headers['host'] = host;
    headers['x-forwarded-host'] ??= host;
  }
  if (prefix !== undefined)
    headers['x-forwarded-prefix'] = [headers['x-forwarded-prefix'] ?? [], prefix].flat().join('');
  delete headers['x-micro-web-base-path'];
  if (web && prefix !== undefined) headers['x-micro-web-base-path'] = prefix;
  headers['x-request-id'] = requestId;
  continueTrace(headers);
  return headers;
}

function continueTrace(headers: HeaderFields): void {
  const { traceparent: sent } = headers;
  if (typeof sent === 'string' && traceparent.test(sent)) return;
  delete headers['tracestate'];
  // "Sampled", so that services which follow their parent decide as they would if they were called directly.
  headers['traceparent'] = `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-01`;
}
