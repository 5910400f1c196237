import { connect, type Socket } from 'node:net';
import type { Address } from '../../proto/channel/address.ts';

/** Begins a connection to an instance; one that does not stand after `timeoutMs` fails with ETIMEDOUT. */
export function connectTo(address: Address, timeoutMs: number): Socket {
  const socket = connect({ ...address, noDelay: true });
  const timer = setTimeout(() => {
    const error = new Error(`no connection within ${timeoutMs} ms`);
    socket.destroy(Object.assign(error, { code: 'ETIMEDOUT' }));
  }, timeoutMs);
  const settled = (): void => clearTimeout(timer);
  return socket.once('connect', settled).once('close', settled);
}

/** Resolves when the connection stands. */
export function connected(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    if (!socket.connecting && !socket.destroyed) {
      resolve();
      return;
    }
    socket.once('connect', resolve).once('error', reject);
    socket.once('close', () => reject(new Error('the connection was closed before it stood')));
  });
}
