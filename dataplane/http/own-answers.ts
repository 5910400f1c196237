import { errorAnswer, type OwnAnswer } from '../downstream/error-answer.ts';
import { httpDate } from '../headers/answer-fields.ts';
import { type Fields, field, onlyValueOf } from '../headers/fields.ts';
import type { RouteTable } from '../routes/table.ts';
import type { UrlRoute } from '../routes/url.ts';
import type { ForwardFailureKind } from './failure.ts';
import { contentLength } from './framing.ts';

// What is answered, from every lane, where no instance's answer is passed on.

/** @param request the fields of the request: an error is a page where they prefer HTML */
export function errorTo(request: Fields, status: number, detail: string): OwnAnswer {
  return errorAnswer(onlyValueOf(request, 'accept'), status, detail);
}

export function noTableAnswer(request: Fields): OwnAnswer {
  return errorTo(request, 503, 'there is no route table yet: no control plane has sent one');
}

/** For a request whose path leads to no service. */
export function unroutedAnswer(
  request: Fields,
  route: Exclude<UrlRoute, { readonly kind: 'service' }>,
  { prefixes }: RouteTable,
): OwnAnswer {
  switch (route.kind) {
    case 'redirect': {
      // With the method and body it came with (RFC 9110 section 15.4.9).
      const fields = [field('Location', route.location), contentLength(0), field('Date', httpDate())];
      return { status: 308, fields, body: '' };
    }
    case 'malformed':
      return errorTo(request, 400, route.reason);
    default: {
      const beginnings = [...prefixes.keys()].join(' or ');
      return errorTo(
        request,
        404,
        route.service === undefined
          ? `no service has this path: it would begin with ${beginnings} and a name`
          : `no service ${route.service}`,
      );
    }
  }
}

export function noInstanceAnswer(request: Fields, service: string): OwnAnswer {
  return errorTo(request, 503, `${service} has no live instance`);
}

/** For an instance that gave none: 504 when it was too slow, otherwise 502. */
export function failureAnswer(
  request: Fields,
  service: string,
  { kind, message }: { readonly kind: ForwardFailureKind; readonly message: string },
): OwnAnswer {
  if (kind === 'slow') return errorTo(request, 504, `an instance of ${service} was too slow: ${message}`);
  return errorTo(request, 502, `an instance of ${service} failed`);
}
