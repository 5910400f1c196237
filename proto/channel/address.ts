import { isIPv6 } from 'node:net';

/** Where something listens or is reached: a TCP port, or a Unix socket. */
export type Address = TcpAddress | UnixAddress;

export interface TcpAddress {
  /** Host name or IP address without brackets; empty stands for every interface of this machine. */
  readonly host: string;
  /** 0 to 65535; 0 asks the operating system for a free one. */
  readonly port: number;
}

interface UnixAddress {
  readonly path: string;
}

/**
 * Reads "host:port", "[::1]:port", ":port" (every interface) or "unix:/path".
 *
 * @throws TypeError that says what is wrong with the text
 */
export function parseAddress(text: string): Address {
  if (text.startsWith('unix:')) {
    const path = text.slice('unix:'.length);
    if (!path.startsWith('/')) throw new TypeError(`"${text}" needs an absolute path after "unix:"`);
    return { path };
  }
  return parseTcpAddress(text);
}

/**
 * Reads "host:port", "[::1]:port" or ":port".
 *
 * @throws TypeError that says what is wrong with the text
 */
export function parseTcpAddress(text: string): TcpAddress {
  const match = /^(?:\[(?<bracketed>[^\]]*)\]|(?<plain>[^:[\]\s/]*)):(?<port>\d{1,5})$/.exec(text);
  const { bracketed, plain, port } = match?.groups ?? {};
  if (port === undefined) throw new TypeError(`"${text}" is not an address: write host:port, such as 127.0.0.1:8080`);
  if (bracketed !== undefined && !isIPv6(bracketed))
    throw new TypeError(`"${text}" has no IPv6 address in its brackets`);
  if (Number(port) > 65_535) throw new TypeError(`"${text}" has a port above 65535`);
  return { host: bracketed ?? plain ?? '', port: Number(port) };
}

/** The inverse of `parseAddress`. */
export function formatAddress(address: Address): string {
  if ('path' in address) return `unix:${address.path}`;
  return `${isIPv6(address.host) ? `[${address.host}]` : address.host}:${address.port}`;
}

/** What a client on this machine dials to reach a listener: every interface becomes the loopback. */
export function dialable(address: Address): Address {
  if ('path' in address) return address;
  return ['', '::', '0.0.0.0'].includes(address.host) ? { host: '127.0.0.1', port: address.port } : address;
}
