import type { Socket } from 'node:net';
import type { TrustedProxies } from './trusted-proxies.ts';

/** Who is at the other end of a client's connection. */
export interface Peer {
  readonly remoteAddress: string;
  /** Whether it is a proxy of ours, whose forwarding headers are true. */
  readonly isTrusted: boolean;
  /** Whether the connection is TLS. */
  readonly isEncrypted: boolean;
}

export function peerOf(socket: Pick<Socket, 'remoteAddress'> | undefined, trustedProxies: TrustedProxies): Peer {
  const remoteAddress = plainAddress(socket?.remoteAddress);
  const isEncrypted = socket !== undefined && 'encrypted' in socket && socket.encrypted === true;
  return { remoteAddress, isTrusted: trustedProxies.trusts(remoteAddress), isEncrypted };
}

/** An IPv4 address that came in on an IPv6 socket ("::ffff:10.0.0.1"), as IPv4. */
function plainAddress(address = ''): string {
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
}
