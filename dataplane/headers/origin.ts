import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { TrustedProxies } from './trusted-proxies.ts';

/** Where a call comes from. */
export interface Origin {
  /** Address of the peer on the connection. */
  readonly remoteAddress: string;
  /** Whether the peer is a proxy of ours, whose forwarding headers are true. */
  readonly isTrusted: boolean;
  /** Address of the client, as far as trusted proxies tell. */
  readonly client: string;
  /** The client's `X-Request-Id` where it is a plain one, or a new one. */
  readonly requestId: string;
  /** Authority that the client asked for: `Host`, or `:authority`. */
  readonly host: string | undefined;
}

const plainRequestId = /^[\w.:+/=-]{1,128}$/;

export function originOf(
  {
    remoteAddress: peer,
    headers,
  }: { readonly remoteAddress: string | undefined; readonly headers: IncomingHttpHeaders },
  trustedProxies: TrustedProxies,
): Origin {
  const remoteAddress = plainAddress(peer);
  const isTrusted = trustedProxies.trusts(remoteAddress);
  const { ':authority': authority, 'x-request-id': requestId } = headers;
  return {
    remoteAddress,
    isTrusted,
    client: isTrusted ? trustedProxies.clientOf(remoteAddress, headers) : remoteAddress,
    requestId: typeof requestId === 'string' && plainRequestId.test(requestId) ? requestId : randomUUID(),
    host: typeof authority === 'string' ? authority : headers.host,
  };
}

/** An IPv4 address that came in on an IPv6 socket ("::ffff:10.0.0.1"), as IPv4. */
function plainAddress(address = ''): string {
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
}
