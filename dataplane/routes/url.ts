import type { Place, RoutedService, RouteTable } from './table.ts';

/** Where a request on the `http` entrypoint goes. */
export type UrlRoute =
  | {
      readonly kind: 'service';
      readonly service: RoutedService;
      /** What is sent on: the target without its prefix, otherwise byte for byte as it came. */
      readonly target: string;
      /** The part that was taken off, without a slash at its end: "/api/greeter". */
      readonly prefix: string;
      readonly web: boolean;
    }
  /** A web page without the slash that its relative links need. */
  | { readonly kind: 'redirect'; readonly location: string }
  /** No such service, as far as the path names one. */
  | { readonly kind: 'unknown'; readonly service: string | undefined }
  /** A path that no proxy should route. */
  | { readonly kind: 'malformed'; readonly reason: string };

// A segment that is "." or "..", also in the spellings that some servers decode before they resolve it. Whoever resolves
// it, in front of us or behind, would see another service than the one looked up.
const dotSegment = /(?:[/\\]|%2f|%5c)(?:\.|%2e){1,2}(?:[/\\]|%2f|%5c|$)/i;

// RFC 9112 section 3.2: a request target is made of the visible ASCII characters of a URI, and has no fragment.
const notInTarget = /[^\u0021-\u007e]|#/;

const versionSegment = /^v\d+$/;

/**
 * Looks a request target ("/api/greeter/hello?x=1", or in absolute form, RFC 9112 section 3.2.2) up in the table.
 * Segments are compared as they stand: nothing is decoded, so what is looked up is what is sent on.
 */
export function routeUrl(table: RouteTable, requestTarget: string): UrlRoute {
  const target = requestTarget.startsWith('/') ? requestTarget : originForm(requestTarget);
  const queryAt = target.indexOf('?');
  const path = queryAt < 0 ? target : target.slice(0, queryAt);
  if (notInTarget.test(target))
    return { kind: 'malformed', reason: 'the path has characters that must be percent-encoded' };
  if ((path.includes('.') || path.includes('%')) && dotSegment.test(path))
    return { kind: 'malformed', reason: 'the path has a "." or ".." segment' };

  const prefixEnd = path.indexOf('/', 1) + 1;
  const nameEnd = segmentEnd(path, prefixEnd);
  const place = table.places.get(path.slice(0, nameEnd)) ?? find(table, path, prefixEnd, nameEnd);
  if (place.kind === 'unknown') return place;

  const { service, prefix, web } = place;
  const rest = target.slice(prefix.length);
  if (web && prefix.length === path.length) return { kind: 'redirect', location: `${prefix}/${rest}` };
  return { kind: 'service', service, target: rest.startsWith('/') ? rest : `/${rest}`, prefix, web };
}

/** Looks up what a path begins with, the long way: two names, one of them to be put together. */
function find(
  table: RouteTable,
  path: string,
  prefixEnd: number,
  nameEnd: number,
): Place | (UrlRoute & { readonly kind: 'unknown' }) {
  const prefix = table.prefixes.get(path.slice(0, prefixEnd));
  if (!prefix) return { kind: 'unknown', service: undefined };
  const { namespace, web } = prefix;
  const name = path.slice(prefixEnd, nameEnd);
  const service = table.services.get(`${namespace}.${name}`);
  if (service) {
    // Put together, so that it does not keep the path it was found in.
    const place: Place = { kind: 'place', service, prefix: `${prefix.path}${name}`, web };
    table.places.set(place.prefix, place);
    return place;
  }
  if (!versionSegment.test(name) || nameEnd === path.length)
    return { kind: 'unknown', service: name === '' ? undefined : `${namespace}.${name}` };
  const end = segmentEnd(path, nameEnd + 1);
  const versioned = `${namespace}.${name}.${path.slice(nameEnd + 1, end)}`;
  const byVersion = table.services.get(versioned);
  return byVersion
    ? { kind: 'place', service: byVersion, prefix: path.slice(0, end), web }
    : { kind: 'unknown', service: versioned };
}

function segmentEnd(path: string, start: number): number {
  const slash = path.indexOf('/', start);
  return slash < 0 ? path.length : slash;
}

function originForm(absolute: string): string {
  const rest = absolute.replace(/^https?:\/\/[^/?#]*/i, '');
  return rest.startsWith('/') ? rest : `/${rest}`;
}
