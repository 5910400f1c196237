import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { getSystemErrorName } from 'node:util';

/** A write under way, as Node's own code hands it to a handle. */
interface WriteRequest {
  /** @param status 0, or the negative number of an error */
  oncomplete: (status: number) => void;
}

/** What Node has under a socket: no public name, but what its `net` is built on. */
export interface StreamHandle {
  /** @returns 0, or the negative number of an error. The request is touched only where the write goes on in the background */
  writeLatin1String(request: WriteRequest, text: string): number;
}

interface StreamBinding {
  readonly WriteWrap: new () => WriteRequest;
  /** What the last call of a handle left. */
  readonly streamBaseState: Int32Array;
  readonly kLastWriteWasAsync: number;
}

const { WriteWrap, streamBaseState, kLastWriteWasAsync } = (
  process as unknown as { binding(name: 'stream_wrap'): StreamBinding }
).binding('stream_wrap');

/** For the next write: most are done at once, and leave it as it was. */
let spare = new WriteWrap();

/** What is under a socket where it can be written to directly: over TCP or a Unix socket, connected and open. */
export function writableHandle(socket: Socket): StreamHandle | undefined {
  if (socket instanceof TLSSocket || socket.connecting) return undefined;
  // oxlint-disable-next-line no-underscore-dangle -- Node's own name
  return (socket as unknown as { readonly _handle: StreamHandle | null })._handle ?? undefined;
}

/**
 * Writes text without the stream above the handle, which costs as much as all else that is done for a request.
 *
 * @param text of characters up to U+00FF
 * @param onSent called later where the kernel does not take all of it now; with the error if that fails
 * @returns whether it has all left
 * @throws Error, with `code`, when the connection is broken
 */
export function writeDirectly(handle: StreamHandle, text: string, onSent: (error?: Error) => void): boolean {
  const request = spare;
  const status = handle.writeLatin1String(request, text);
  if (status !== 0) throw systemError(status);
  if (streamBaseState[kLastWriteWasAsync] === 0) return true;
  spare = new WriteWrap();
  request.oncomplete = (completed) => onSent(completed === 0 ? undefined : systemError(completed));
  return false;
}

function systemError(status: number): Error {
  const code = getSystemErrorName(status);
  return Object.assign(new Error(`write ${code}`), { code, errno: status, syscall: 'write' });
}
