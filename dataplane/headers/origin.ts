import { type Fields, onlyValueOf, valuesOf } from './fields.ts';
import type { Peer } from './peer.ts';
import { randomDigits } from './random-digits.ts';
import type { TrustedProxies } from './trusted-proxies.ts';

/** Where a call comes from. */
export interface Origin extends Peer {
  /** Address of the client, as far as trusted proxies tell. */
  readonly client: string;
  /** The client's `X-Request-Id` where it is a plain one, or a new one. */
  readonly requestId: string;
  /** Authority that the client asked for: `Host`, or `:authority`. */
  readonly host: string | undefined;
}

const plainRequestId = /^[\w.:+/=-]{1,128}$/;

/** @param authority the `:authority` of HTTP/2; left out, it is the `Host` field */
export function originOf(peer: Peer, fields: Fields, trustedProxies: TrustedProxies, authority?: string): Origin {
  const { remoteAddress, isTrusted, isEncrypted } = peer;
  const requestId = onlyValueOf(fields, 'x-request-id');
  return {
    remoteAddress,
    isTrusted,
    isEncrypted,
    client: isTrusted ? trustedProxies.clientOf(remoteAddress, valuesOf(fields, 'x-forwarded-for')) : remoteAddress,
    requestId: requestId !== undefined && plainRequestId.test(requestId) ? requestId : randomDigits(32),
    host: authority ?? onlyValueOf(fields, 'host'),
  };
}
