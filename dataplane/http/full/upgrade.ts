import type { IncomingMessage } from 'node:http';

/** Whether an upgrade asks for a WebSocket; the name is case-insensitive (RFC 6455 section 4.2.1). */
export function asksForWebSocket({ method, headers }: IncomingMessage): boolean {
  return method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket';
}

/**
 * The request's head as it came, but without the upgrade, which a server may ignore (RFC 9110 section 7.8). Node gives
 * every upgrade to one listener and takes it off its HTTP parser; the way back is to parse it again.
 */
export function headWithoutUpgrade({ method, url, httpVersion, rawHeaders }: IncomingMessage): Buffer {
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const [name = '', value = ''] = rawHeaders.slice(index, index + 2);
    if (name.toLowerCase() !== 'upgrade') lines.push(`${name}: ${value}`);
  }
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}
