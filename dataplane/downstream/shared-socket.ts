import { lookup } from 'node:dns/promises';
import * as net from 'node:net';
import { getSystemErrorName } from 'node:util';
import type { TcpAddress } from '../../proto/channel/address.ts';
import type { EntrypointName } from '../errors.ts';
import { listenError } from './listen-error.ts';

/** A socket that is bound to an address, with the port that was free. Every process that has it may listen on it. */
export interface SharedSocket extends TcpAddress {
  /** Descriptor of the socket in this process. */
  readonly fd: number;
}

export interface BoundSocket extends SharedSocket {
  /** Gives up this process's hold on it. It goes on where another process listens on it. */
  close(): void;
}

/**
 * Binds a socket for other processes. This one does not accept from it, but holds it open, so that connections wait to be
 * accepted, and are not refused, while those that do are being started again.
 *
 * @throws DataPlaneError `address-in-use` or `cannot-listen`
 */
export async function bindSocket(entrypoint: EntrypointName, { host, port }: TcpAddress): Promise<BoundSocket> {
  const fail = (error: NodeJS.ErrnoException) => listenError(entrypoint, { host, port }, error);
  const found = host === '' ? undefined : await lookup(host).catch((error: Error) => Promise.reject(fail(error)));
  const handle = createServerHandle(found?.address ?? null, port, found?.family ?? 4);
  if (typeof handle === 'number') throw fail(errorOf(handle));
  const bound: { port?: number } = {};
  // The system call's EADDRINUSE is told here, at the latest.
  const status = handle.getsockname(bound);
  if (status !== 0 || bound.port === undefined) {
    handle.close();
    throw fail(errorOf(status));
  }
  return { host, port: bound.port, fd: handle.fd, close: () => handle.close() };
}

/** libuv's handle of a TCP socket. */
interface TcpHandle {
  readonly fd: number;
  getsockname(into: { port?: number }): number;
  close(): void;
}

/**
 * What `node:cluster` binds the sockets of its workers with. It is not documented, but a `net.Server` accepts from its
 * socket from the moment it has one: it would take connections that the workers are to have.
 */
const { _createServerHandle: createServerHandle } = net as unknown as {
  /** Returns a negative errno where it fails; no address is every interface. */
  readonly _createServerHandle: (address: string | null, port: number, family: number) => TcpHandle | number;
};

function errorOf(errno: number): NodeJS.ErrnoException {
  const code = getSystemErrorName(errno);
  return Object.assign(new Error(`bind ${code}`), { code, errno, syscall: 'bind' });
}
