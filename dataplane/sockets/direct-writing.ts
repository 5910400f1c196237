import { getSystemErrorName } from 'node:util';
import { kLastWriteWasAsync, type StreamHandle, streamBaseState, WriteWrap } from './stream-handle.ts';

/** For the next write: most are done at once, and leave it as it was. */
let spare = new WriteWrap();

/**
 * Writes without the stream above the handle, which costs as much as all else that is done for a request.
 *
 * @param data text of characters up to U+00FF, or bytes that stay as they are until they have left
 * @param onSent called later where the kernel does not take all of it now; with the error if that fails
 * @returns whether it has all left
 * @throws Error, with `code`, when the connection is broken
 */
export function writeDirectly(
  handle: StreamHandle,
  data: string | Uint8Array,
  onSent: (error?: Error) => void,
): boolean {
  const request = spare;
  const status = typeof data === 'string' ? handle.writeLatin1String(request, data) : handle.writeBuffer(request, data);
  if (status !== 0) throw systemError(status);
  if (streamBaseState[kLastWriteWasAsync] === 0) return true;
  spare = new WriteWrap();
  if (typeof data !== 'string') request.buffer = data;
  request.oncomplete = (completed) => onSent(completed === 0 ? undefined : systemError(completed));
  return false;
}

function systemError(status: number): Error {
  const code = getSystemErrorName(status);
  return Object.assign(new Error(`write ${code}`), { code, errno: status, syscall: 'write' });
}
