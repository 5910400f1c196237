import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import proxyAddr from 'proxy-addr';

export interface TrustedProxies {
  /** Whether what this peer says of the way a request came is true. */
  trusts(remoteAddress: string): boolean;
  /** Address of the client: the nearest on the way that is not a trusted proxy. */
  clientOf(remoteAddress: string, headers: IncomingHttpHeaders): string;
}

/**
 * @param ranges addresses, CIDR ranges, or the names `loopback`, `linklocal`, `uniquelocal`
 * @throws TypeError when one of them is none of these
 */
export function trustedProxies(ranges: readonly string[]): TrustedProxies {
  const trust = proxyAddr.compile([...ranges]);
  return {
    trusts: (remoteAddress) => trust(remoteAddress, 0),
    // Of a request it reads these two alone.
    clientOf: (remoteAddress, headers) => proxyAddr({ socket: { remoteAddress }, headers } as IncomingMessage, trust),
  };
}
