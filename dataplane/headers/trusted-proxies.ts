import type { IncomingMessage } from 'node:http';
import proxyAddr from 'proxy-addr';

export interface TrustedProxies {
  /** Whether what this peer says of the way a request came is true. */
  trusts(remoteAddress: string): boolean;
  /**
   * Address of the client: the nearest on the way that is not a trusted proxy.
   *
   * @param forwardedFor the values of `X-Forwarded-For`, in their order
   */
  clientOf(remoteAddress: string, forwardedFor: readonly string[]): string;
}

/**
 * @param ranges addresses, CIDR ranges, or the names `loopback`, `linklocal`, `uniquelocal`
 * @throws TypeError when one of them is none of these
 */
export function trustedProxies(ranges: readonly string[]): TrustedProxies {
  const trust = proxyAddr.compile([...ranges]);
  return {
    trusts: (remoteAddress) => trust(remoteAddress, 0),
    clientOf(remoteAddress, forwardedFor) {
      const headers = forwardedFor.length > 0 ? { 'x-forwarded-for': forwardedFor.join(', ') } : {};
      // Of a request it reads these two alone.
      return proxyAddr({ socket: { remoteAddress }, headers } as IncomingMessage, trust);
    },
  };
}
